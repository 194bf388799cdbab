"""A layout as SQL: two views over the receiver's own table ``meter_values`` and its ``points``; or a query of some."""

from collections.abc import Sequence

from runtime.errors import ConfigError
from sinks.layouts.dialect import Dialect, MariaDB, PostgreSQL
from sinks.layouts.layout import Layout
from sinks.layouts.shown_columns import shown_columns
from sinks.layouts.sqlite_dialect import SQLite
from sinks.layouts.sqlserver_dialect import SQLServer
from sinks.layouts.steps import Steps

DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (PostgreSQL(), SQLite(), MariaDB(), SQLServer())}

_PLACE = ("source", "metering_point", "category", "granularity", "period_start", "period_end")


def layout_statements(layout: Layout, dialect_name: str) -> Sequence[str]:
    """The statements that make, or make anew, a layout's views. They may be run again.

    Args:
        layout: the layout.
        dialect_name: postgresql, sqlite, mariadb, sqlserver.

    Raises:
        ConfigError: the database cannot show a zone of the layout.
    """
    dialect = DIALECTS[dialect_name]
    if problems := zone_problems(layout, dialect_name):
        raise ConfigError(problems)
    steps = Steps(layout, dialect)
    shown = ", ".join(f"{expression} AS {dialect.quoted(name)}" for name, expression in shown_columns(layout, dialect))
    return [
        *dialect.view(layout.view, f"{steps.text} SELECT {shown} FROM coded WHERE nth = 1 AND code IS NULL"),  # noqa: S608 - our names, and texts that the layout's checks let through
        *dialect.view(layout.withheld_view, f"{steps.text} {steps.withheld()}"),
    ]


def shown_among(layout: Layout, dialect_name: str, among: str) -> tuple[str, str]:
    """The rows that a layout shows of some values: its steps (``WITH …``), and the query over them.

    Args:
        layout: the layout.
        dialect_name: see :func:`layout_statements`.
        among: what stands before ``meter_values v``: a table and how it is joined. All values of a key and period must
            be among them, none twice.

    Returns:
        The query gives source, metering_point, category, granularity, period_start and period_end of the series that
        a row is of, then its columns.
    """
    dialect = DIALECTS[dialect_name]
    steps = Steps(layout, dialect, among)
    shown = ", ".join((*_PLACE, *(expression for _, expression in shown_columns(layout, dialect))))
    return steps.text, f"SELECT {shown} FROM coded WHERE nth = 1 AND code IS NULL"  # noqa: S608 - see layout_statements


def zone_problems(layout: Layout, dialect_name: str) -> list[str]:
    """Zones of the layout that a database cannot show."""
    if DIALECTS[dialect_name].zones:
        return []
    return [
        f"layout {layout.name}: {dialect_name} cannot show times of zone {zone}, which has change-over: "
        'give the receiver or the layout\'s columns a fixed zone, such as zone = "+01:00"'
        for zone in layout.changing_zones
    ]
