"""A batch: rows, and the offsets that go with them; and the order in which its rows must be written. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, NamedTuple, Protocol

Positions = Mapping[int, int]
"""Partition to the offset of the next record to read."""
Identity = bytes
"""The primary key of a row (source, metering point, delivery category, reading_at) as the key of its records."""


class Record(Protocol):
    """A record of the values topic, as kafka-python gives it."""

    @property
    def topic(self) -> str: ...  # noqa: D102 - the names are Kafka's
    @property
    def partition(self) -> int: ...  # noqa: D102
    @property
    def offset(self) -> int: ...  # noqa: D102
    @property
    def key(self) -> bytes | None: ...  # noqa: D102
    @property
    def value(self) -> bytes | None: ...  # noqa: D102
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...  # noqa: D102


class Row(NamedTuple):
    """A value for this receiver, and the record that brought it.

    Attributes:
        columns: the fields of the MeterValue in order, each in the form in which the receiver's database takes it.
        identity: see :data:`Identity`.
        outside: it stands outside the history: such a one replaces a row only under further conditions.
        canary: the number of a canary; None: it is none.
    """

    record: Record
    columns: tuple[Any, ...]
    identity: Identity
    outside: bool
    source: str
    cause: str
    fetched_at: int
    sequence: int
    canary: int | None = None


@dataclass(frozen=True)
class Batch:
    """What one database transaction delivers: offsets travel with the data.

    Attributes:
        rows: in the order of the log, per partition.
        before: the positions that this worker last read or wrote.
        after: the positions once these rows are in; past transaction markers.
    """

    rows: Sequence[Row]
    before: Positions
    after: Positions


class Refused(NamedTuple):
    """A row that the database will never take; ``reason`` says why, without values."""

    row: Row
    reason: str


def waves(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows in waves: written one after the other they leave what the rows one by one would leave.

    The rows are in the order of the log, in which the sequences of an identity rise.

    In a wave each identity stands once (one statement cannot touch a row twice), in the order of the key. A full value
    makes those of smaller sequence before it needless. An outside_history value does not: whether it replaces a row
    depends on that row, so what was there before it is written first, in an earlier wave. Few are.
    """
    newest = {row.identity: row for row in rows}
    if len(newest) == len(rows):  # as nearly always
        return [[newest[key] for key in sorted(newest)]] if rows else []
    steps: dict[Identity, list[Row]] = {}
    for row in rows:
        _add(steps.setdefault(row.identity, []), row)
    in_order = [steps[key] for key in sorted(steps)]
    return [[row for row in wave if row is not None] for wave in zip_longest(*in_order)]


def _add(steps: list[Row], row: Row) -> None:
    """One more row of the same identity; what can no longer make a difference is left out."""
    if any(step.sequence >= row.sequence and not step.outside for step in steps):
        return
    if not row.outside and all(step.sequence < row.sequence for step in steps):
        steps.clear()
    steps.append(row)


Write = Callable[[Sequence[Row]], int]
"""Writes rows of different identities, all or none, and says how many made a difference; or raises RowsRefused."""


class RowsRefused(Exception):
    """The database refuses a row of these, for what it holds; ``reason`` says why, without values."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ManyRefused(Exception):
    """Finding so many refused rows takes too long for one transaction: the batch is to be delivered in pieces."""


MANY_REFUSED = 50
PIECE = 100
"""Rows: finding those that are refused among so few never takes long."""


def pieces(batch: Batch) -> Iterator[Batch]:
    """The batch as several small ones, each with the positions behind its rows; the last ends where the batch does."""
    before = batch.before
    for start in range(0, len(batch.rows), PIECE):
        rows = batch.rows[start : start + PIECE]
        behind = {row.record.partition: row.record.offset + 1 for row in rows}
        after = batch.after if start + PIECE >= len(batch.rows) else {**before, **behind}
        yield Batch(rows, before, after)
        before = after


def write_all(rows: Sequence[Row], write: Write, most: int | None = None) -> tuple[int, list[Refused]]:
    """Writes the rows in waves, all but those that the database refuses.

    Where a row is refused, the others of its identity are tried again without it: an older one that it had made
    needless counts again, and what follows waits for that. Writing one twice changes nothing.

    Args:
        rows: in the order of the log.
        write: see :data:`Write`.
        most: so many refused rows are looked for.

    Returns:
        How many writes made a difference, and which rows are refused.

    Raises:
        ManyRefused: more are; what was written must be rolled back.
    """
    written, refused = 0, list[Refused]()

    def refuse(row: Row, reason: str) -> None:
        if most is not None and len(refused) + len(found) >= most:
            raise ManyRefused
        found.append(Refused(row, reason))

    pending: Sequence[Row] = rows
    while pending:
        found: list[Refused] = []
        touched: set[Identity] = set()
        for wave in waves(pending):
            written += _write_splitting([row for row in wave if row.identity not in touched], write, refuse)
            touched = {bad.row.identity for bad in found}
        refused += found
        gone = {id(bad.row) for bad in found}
        pending = [row for row in pending if touched and row.identity in touched and id(row) not in gone]
    return written, refused


def _write_splitting(rows: Sequence[Row], write: Write, refuse: Callable[[Row, str], None]) -> int:
    """Finds the refused ones by halving."""
    if not rows:
        return 0
    try:
        return write(rows)
    except RowsRefused as error:
        if len(rows) == 1:
            refuse(rows[0], error.reason)
            return 0
    middle = len(rows) // 2
    return _write_splitting(rows[:middle], write, refuse) + _write_splitting(rows[middle:], write, refuse)
