"""A customer's own table and a receiver's rows, brought into one form: a value per point, category and period."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from operations.proof.foreign_settings import ForeignTable
from operations.proof.foreign_tables import table_rows
from operations.proof.rows import NAMES, PLACE, number
from runtime.errors import ConfigError
from runtime.zones import Zone
from schemas import exact, instants
from schemas.compiled import Kept
from schemas.instants import DAY
from sinks.points.points import Period, Points
from streams.rules.units import ratio

_EPOCH_DAY = date(1970, 1, 1).toordinal()


def foreign_rows(table: ForeignTable, environment: Mapping[str, str]) -> Iterator[Sequence[Any]]:
    """The rows of the customer's table, each as the fields of ours.

    Raises:
        Transient: its database cannot be used now.
        ConfigError: it has no such table or columns, or the DSN is not as it must be.
    """
    columns = table.columns
    names = [columns.key, columns.time, columns.value, *filter(None, (columns.category, columns.unit))]
    moment = Kept(lambda raw: _moment(raw, table.where))
    with table_rows(table, names, environment) as rows:
        for key, time, value, *rest in rows:
            category = str(rest[0]) if columns.category else str(table.category)
            unit = str(rest[-1]) if columns.unit else table.unit
            if table.category in (None, category):
                yield _row(table, (str(key), category, moment[time]), _amount(value), unit)


def own_rows(rows: Iterator[Sequence[Any]], table: ForeignTable, points: Points) -> Iterator[Sequence[Any]]:
    """A receiver's rows, given as their fields, in the form and unit of the customer's table.

    Where that has the receiver's keys, rows of points without one are left out.
    """
    compared = PLACE[table.compared]
    unit_of = PLACE["consumption_unit" if table.compared == "consumption" else "unit"]
    stamp = _stamp(table)
    for fields in rows:
        category, granularity = fields[PLACE["delivery_category"]], fields[PLACE["granularity"]]
        key = fields[PLACE["metering_point"]] if table.keys == "metering_point" else _receiver_key(fields, points)
        if key and table.category in (None, category) and table.granularity in (None, granularity):
            place = key, category, stamp(fields)
            yield _row(table, place, fields[compared], fields[unit_of])


def _receiver_key(fields: Sequence[Any], points: Points) -> str | None:
    period = Period(*(fields[PLACE[name]] for name in ("granularity", "period_start", "period_end")))
    lines = points.of(fields[PLACE["metering_point"]], fields[PLACE["delivery_category"]])
    return next((line.receiver_key for line in lines if line.takes(period)), None)


def converted(value: int | str | None, unit: str, wanted: str) -> tuple[int | str | None, str]:
    """A number in the wanted unit, or as it is where there is no exact conversion."""
    found = ratio(unit, wanted)
    if value is None:
        return None, wanted
    if found is None or isinstance(value, str):
        return value, unit
    times, per = found
    whole, rest = divmod(value * times, per)
    return (value, unit) if rest else (whole, wanted)


def _amount(raw: Any) -> int | str | None:
    """Binary numbers, and those of more digits than are kept, are rounded to 12 decimals."""
    if raw is None:
        return None
    return number(f"{raw:.{exact.SCALE}f}" if isinstance(raw, float | Decimal) else raw)


def _row(table: ForeignTable, place: tuple[str, str, int], value: int | str | None, unit: str) -> list[Any]:
    """As a row that says nothing else."""
    point, category, at = place
    fields: list[Any] = [None] * len(NAMES)
    known = {"source": "", "metering_point": point, "delivery_category": category, "reading_at": at, "sequence": 0}
    for name, each in known.items():
        fields[PLACE[name]] = each
    fields[PLACE[table.compared]], fields[PLACE["unit"]] = converted(value, unit, table.unit)
    return fields


def _stamp(table: ForeignTable) -> Callable[[Sequence[Any]], int]:
    """By which instant the customer's table names the period of a row."""
    start, end, zone = PLACE["period_start"], PLACE["period_end"], table.where
    match table.period:
        case "start":
            return lambda fields: int(fields[start])
        case "end":
            return lambda fields: int(fields[end])
    return lambda fields: zone.midnight((zone.wall(fields[end]) - 1) // DAY)


def _moment(raw: Any, zone: Zone) -> int:
    """The instant of a time or date; one without a zone is of the table's.

    Raises:
        ConfigError: it is neither.
    """
    try:
        found = datetime.fromisoformat(raw) if isinstance(raw, str) else raw
        if isinstance(found, datetime):
            if found.tzinfo is not None:
                return instants.from_datetime(found)
            return zone.instant(instants.from_datetime(found.replace(tzinfo=instants.to_datetime(0).tzinfo)))
        if isinstance(found, date):
            return zone.midnight(found.toordinal() - _EPOCH_DAY)
    except ValueError:
        pass
    raise ConfigError([f"the time column of the table holds what is no time: {type(raw).__name__}"])
