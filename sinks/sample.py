"""A sample that is written as the worker would write it, read back, and rolled back: does this database keep values?

Four rows whose keys differ in case, accents and trailing spaces only, with the largest and smallest numbers there are,
and instants to the microsecond.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from schemas import exact, instants
from schemas.column_reader import columns_of
from schemas.events import MeterValue
from schemas.keys import identity_key
from schemas.registry import current
from sinks.batch import Row, RowsRefused
from sinks.columns import COLUMNS, select
from sinks.control import Control
from sinks.database import Database
from sinks.epochs import Epochs
from sinks.probe import Finding
from sinks.writer import Receiver, Topic

SOURCE = "meterstream-check"
CATEGORIES = ("Värme ÅÄÖ åäö é", "värme ÅÄÖ åäö é", "Varme AAO aao e", "Värme ÅÄÖ åäö é ")
LARGEST = exact.LIMIT - 1
_AT = 1_709_254_799_999_999
"""2024-03-01T00:59:59.999999Z: the last microsecond of a leap day in Swedish normal time."""

_SCHEMA = current("MeterValue")


class _RolledBack(Exception):
    """Ends the sample's transaction."""


@dataclass(frozen=True)
class _Record:
    topic: str = ""
    partition: int = 0
    offset: int = 0
    key: bytes | None = None
    value: bytes | None = None
    headers: Sequence[tuple[str, bytes | None]] = ()


def values() -> list[MeterValue]:
    """The sample, in the order of its keys."""
    numbers = (LARGEST, -LARGEST, 1, None)
    return sorted(map(_value, CATEGORIES, numbers), key=lambda value: _identity(value))


def findings(database: Database, receiver: Receiver, topic_id: str | None) -> Iterator[Finding]:
    """Writes the sample, reads it back, rolls all of it back, and says what came of it.

    Args:
        database: not opened; it is closed at the end. Its tables are made, in the same transaction, where they are not
            there.
        receiver: whose tables they must be.
        topic_id: of the values topic; None: it is not known.

    Raises:
        Transient, ConfigError, PositionError: the worker would say the same.
    """
    try:
        database.connect()
        sample = values()
        try:
            found = _written(database, receiver, topic_id, sample)
        except RowsRefused as refused:
            yield Finding(
                "sample", f"the database refuses the rows: {refused}", "problem", "take away what refuses them"
            )
            return
    finally:
        database.close()
    yield Finding("sample", f"{len(found)} rows written as the worker writes them, and rolled back")
    yield from _compared(sample, found)


def _written(
    database: Database, receiver: Receiver, topic_id: str | None, sample: Sequence[MeterValue]
) -> dict[str, dict[str, Any]]:
    with _rolled_back(database):
        Control(database, receiver).migrate()
        stored = database.execute("SELECT topic_id FROM epochs WHERE epoch = ?", [receiver.epoch])
        known = topic_id or (str(stored[0][0]) if stored else "unknown")
        table, _ = Epochs(database, receiver).open(Topic("values", known, 1))
        database.put(table, [_row(value, database) for value in sample], _AT)
        rows = database.execute(f"{select(table)} WHERE source = ?", [SOURCE])
    return {row["delivery_category"]: row for row in (_plain(row, database.instant) for row in rows)}


@contextmanager
def _rolled_back(database: Database) -> Iterator[None]:
    """A transaction that leaves nothing."""
    with suppress(_RolledBack), database.transaction():
        yield
        raise _RolledBack


def _compared(sample: Sequence[MeterValue], found: dict[str, dict[str, Any]]) -> Iterator[Finding]:
    kinds = {"text": "texts", "number": "numbers", "instant": "instants"}
    seen = {
        "text": "å ä ö, upper and lower case, accents and trailing spaces come back as they were",
        "number": "24 integer and 12 fractional digits come back as they were",
        "instant": "instants come back to the microsecond, in UTC",
    }
    todo = {
        "text": "use UTF-8 and a binary collation, which tells case, accents and trailing spaces apart",
        "number": "the columns must be decimals of 38 digits, 12 of them fractional",
        "instant": "the columns must keep microseconds, and no zone of the session may be applied",
    }
    for kind, what in kinds.items():
        names = [column.name for column in COLUMNS if column.kind == kind and column.name != "delivered_at"]
        wrong = [
            name
            for value in sample
            for name in names
            if found.get(value.delivery_category, {}).get(name) != getattr(value, name)
        ]
        if wrong:
            fields = ", ".join(dict.fromkeys(wrong))
            yield Finding(what, f"{fields} came back otherwise than written", "problem", todo[kind])
        else:
            yield Finding(what, seen[kind])


def _value(category: str, number: int | None) -> MeterValue:
    return MeterValue(
        source=SOURCE,
        metering_point="000000000000000000",
        delivery_category=category,
        reading_at=_AT,
        series_kind="volume",
        granularity="month",
        period_start=_AT - 30 * instants.DAY,
        period_end=_AT,
        value=number,
        unit="m³",
        previous_reading_at=None,
        delta=number,
        consumption=number,
        consumption_unit="kWh",
        change=number,
        quality="measured",
        reading_method="Fjärr",
        reading_reason="  ",
        cause="new",
        held=None,
        fetched_at=_AT,
        epoch="check",
        sequence=1,
        published_at=_AT,
    )


def _identity(value: MeterValue) -> bytes:
    return identity_key(value.source, value.metering_point, value.delivery_category, value.reading_at)


def _row(value: MeterValue, database: Database) -> Row:
    columns = columns_of(_SCHEMA, msgspec.structs.astuple(value), database.forms)
    return Row(_Record(), columns, _identity(value), False, SOURCE, "new", value.fetched_at, value.sequence)


def _plain(row: Sequence[Any], instant: Callable[[Any], int]) -> dict[str, Any]:
    """A row as it was read, in ints and texts; what cannot be read as its kind stays as it is, and equals nothing."""
    forms: dict[str, Callable[[Any], Any]] = {"number": _number, "instant": instant}
    return {
        column.name: None if found is None else forms.get(column.kind, lambda text: text)(found)
        for column, found in zip(COLUMNS, row, strict=True)
    }


def _number(found: Any) -> Any:
    try:
        return exact.parse(f"{found:f}" if isinstance(found, Decimal) else str(found))
    except (exact.NotANumber, exact.OutOfRange):
        return found
