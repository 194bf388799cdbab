"""Whether a customer's table can take what a layout shows: nothing may be cut, rounded or shifted in silence."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from schemas.exact import SCALE
from sinks.database import Database
from sinks.layouts.columns import Column, NumberColumn, RemainderColumn, TextColumn, TimeColumn
from sinks.probe import Finding
from sinks.projections.customers_table import CustomersTable, Field
from sinks.projections.projection import Projection

MICROSECONDS = 6
_INTEGERS = ("tinyint", "smallint", "mediumint", "int", "integer", "bigint")
_TYPES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "postgresql": {
        "text": ("text", "character varying"),
        "number": ("numeric", *_INTEGERS),
        "timestamp": ("timestamp without time zone",),
        "date": ("date",),
    },
    "mariadb": {
        "text": ("varchar", "text", "mediumtext", "longtext"),
        "number": ("decimal", *_INTEGERS),
        "timestamp": ("datetime",),
        "date": ("date",),
    },
    "sqlserver": {
        "text": ("nvarchar",),
        "number": ("decimal", "numeric", *_INTEGERS),
        "timestamp": ("datetime2",),
        "date": ("date",),
    },
    "sqlite": dict.fromkeys(("text", "number", "timestamp", "date"), ("text", "blob")),
}
"""What holds exactly what a layout's column of a kind shows. No floats, nothing that pads or that has another zone."""
_IN_UTC: Mapping[str, str] = {"postgresql": "timestamp with time zone"}
"""Holds instants: right for times that are shown in UTC, as which the session gives them."""


def fitness(database: Database, projection: Projection) -> Iterator[Finding]:
    """What is to be said of a customer's table, within a transaction; problems are what the worker waits for.

    Args:
        database: connected.
        projection: what is to be put there.
    """
    what = f"table {projection.table}"
    table = CustomersTable(database, projection.table)
    fields = table.fields()
    if not fields:
        yield Finding(what, "it is not there, or this user may not see it", "problem", "make it, or grant SELECT on it")
        return
    engine = table.engine()
    if engine not in (None, "InnoDB"):
        yield Finding(what, f"{engine} keeps no transactions", "problem", "ALTER TABLE … ENGINE = InnoDB")
    problems = list(problems_of(database.dialect, projection, fields))
    for seen, todo in problems:
        yield Finding(what, seen, "problem", todo)
    wanted = set(projection.match)
    if not any(set(index[: len(wanted)]) == wanted for index in table.indexes()):
        columns = ", ".join(projection.match)
        todo = f"make one, best of all UNIQUE, on ({columns})"
        yield Finding(what, f"no index on {columns}: each batch reads the whole table", "warning", todo)
    if not problems:
        yield Finding(what, f"takes what layout {projection.layout.name} shows")


def problems_of(dialect: str, projection: Projection, described: Sequence[Field]) -> Iterator[tuple[str, str]]:
    """Why a table cannot take the rows, and what to do. ``described``: its columns."""
    fields = {field.name: field for field in described}
    for column in projection.layout.file.columns:
        field = fields.get(column.name)
        if field is None:
            todo = "add it to the table, or call the layout's column as the table does"
            yield f"it has no column {column.name} (upper and lower case count)", todo
        elif field.made:
            yield f"{column.name} is filled by the database itself", "take it out of the layout"
        else:
            yield from _of_column(dialect, projection, column, field)
    ours = set(projection.layout.columns)
    for name, field in fields.items():
        if field.required and name not in ours:
            yield f"{name} must not be NULL, and the layout does not fill it", "give it a default, or a layout's column"


def _of_column(dialect: str, projection: Projection, column: Column, field: Field) -> Iterator[tuple[str, str]]:
    allowed = _TYPES[dialect][column.kind]
    in_utc = isinstance(column, TimeColumn) and projection.layout.zone_of(column).minutes == 0
    if field.type not in allowed and not (in_utc and field.type == _IN_UTC.get(dialect)):
        # A time of another type can be shown as a text, and so on: the view, or the file of the layout, decides.
        yield f"{column.name} is {field.type}, the layout shows a {column.kind}", f"use {' or '.join(allowed[:2])}"
        return
    match column:
        case NumberColumn() | RemainderColumn():
            yield from _digits(column, field)
        case TimeColumn():
            fraction = field.fraction
            whole = column.source in ("period_start", "period_end")
            if column.kind == "timestamp" and not whole and fraction is not None and fraction < MICROSECONDS:
                yield f"{column.name} keeps {fraction} digits of a second", "use 6, or leave the column out"
            yield from _width(column, field, len(column.format) if column.kind == "text" else 0)
        case TextColumn():
            longest = max(map(len, (column.value or "", *column.texts.values())))
            yield from _width(column, field, longest)


def _digits(column: NumberColumn | RemainderColumn, field: Field) -> Iterator[tuple[str, str]]:
    decimals = SCALE if isinstance(column, RemainderColumn) or column.decimals is None else column.decimals
    if field.scale is not None and field.scale < decimals:
        yield (
            f"{column.name} has {field.scale} decimals, the layout {decimals}: numbers would be rounded",
            f'let the layout say decimals = {field.scale} with remainder = "hold" or "round", or widen the column',
        )


def _width(column: Column, field: Field, longest: int) -> Iterator[tuple[str, str]]:
    if field.length is not None and field.length < longest:
        yield f"{column.name} takes {field.length} characters, the layout says up to {longest}", "widen it"


def too_narrow(projection: Projection, fields: Sequence[Field], said: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    """Columns that a receiver's points do not fit into. ``said``: by source (``receiver_key`` …) what they say."""
    lengths = {field.name: field.length for field in fields}
    for column in projection.layout.file.columns:
        most = lengths.get(column.name)
        if most is not None and (wrong := [one for one in said.get(column.source, ()) if len(one or "") > most]):
            yield f"{column.name} takes {most} characters; in {len(wrong)} lines of the points {column.source} has more"
