"""Records of the values topic to rows of one receiver; what is not a value becomes a dead letter."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from runtime.dead_letters import Context, Original, dead_letter
from runtime.errors import Poison
from schemas import canary, keys
from schemas.codec import Codec, Undecodable
from schemas.column_reader import Forms
from schemas.compiled import Kept
from schemas.events import DeadLetter, MeterValue
from schemas.reasons import Held, Reason, Stage
from schemas.registry import UnknownSchemaId
from sinks.batch import Record, Refused, Row
from sinks.points.points import Period, Point, Points


@dataclass
class Decoded:
    """What some records came to: rows for this receiver, dead letters, and how many values are for others."""

    rows: list[Row] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    withheld: int = 0


PLAIN = (
    *("source", "metering_point", "delivery_category", "reading_at"),
    *("cause", "held", "fetched_at", "sequence"),
)
"""What is looked at in a value; all else goes on as columns."""
PERIOD = ("granularity", "period_start", "period_end")
"""Looked at besides where it matters to any of the receiver's points."""


class _Series(NamedTuple):
    """What all values of a series have in common: how their keys begin, their partition, and whose they are.

    ``ours``: whether all of them are, or none is; None: ``points`` say which. ``canary``: a canary is everybody's.
    """

    key: bytes
    partition: int
    ours: bool | None
    points: tuple[Point, ...]
    canary: bool


class Decoder:
    """Decodes, checks and filters. Every record is checked, also those of other receivers."""

    def __init__(self, codec: Codec[MeterValue], forms: Forms, points: Points, partitions: int) -> None:
        """``forms``: in which the database takes columns. ``partitions``: the number of the values topic's."""
        self._whole = codec.decode
        self._decode = codec.columns(forms, PLAIN if points.whenever else (*PLAIN, *PERIOD))
        self._points = points
        self._partitions = partitions
        self._series = Kept(lambda name: self._look_up(*name))

    def decode(self, records: Iterable[Record]) -> Decoded:
        """The rows among some records, in their order.

        Raises:
            Transient: the schema registry is away. Nothing is decoded by halves: call again with the same records.
        """
        decoded = Decoded()
        for record in records:
            try:
                row = self._row(record)
            except Poison as poison:
                decoded.letters.append(_letter(record, poison))
                continue
            if row is not None:
                decoded.rows.append(row)
            else:
                decoded.withheld += 1
        return decoded

    def _row(self, record: Record) -> Row | None:
        """The record's row; None: it is for others."""
        try:
            found = self._decode(record.value)
        except Undecodable as error:
            raise Poison(Reason.UNDECODABLE_RECORD, str(error)) from None
        except UnknownSchemaId as error:
            raise Poison(Reason.UNKNOWN_SCHEMA, str(error)) from None
        columns, source, point, category, reading_at, cause, held, fetched_at, sequence, *period = found
        series: _Series = self._series[source, point, category]
        identity = keys.identity_from(series.key, reading_at)
        outside = held == Held.OUTSIDE_HISTORY
        key = keys.outside_key(source, point, category, reading_at, fetched_at) if outside else identity
        if record.key != key:
            raise Poison(Reason.WRONG_KEY, "the key is not that of the value's identity")
        if record.partition != series.partition:
            raise Poison(Reason.WRONG_KEY, "the partition is not that of the value's metering point")
        if not series.ours and (series.ours is False or not any(one.takes(Period(*period)) for one in series.points)):
            return None
        number = canary.number_of(self._whole(record.value)) if series.canary else None
        return Row(record, columns, identity, outside, source, cause, fetched_at, sequence, number)

    def _look_up(self, source: str, point: str, category: str) -> _Series:
        points, is_canary = self._points.of(point, category), canary.is_canary(point)
        some = points and not is_canary and not any(one.whenever for one in points)
        return _Series(
            keys.identity_start(source, point, category),
            keys.partition_of(point, self._partitions),
            None if some else is_canary or bool(points),
            points,
            is_canary,
        )


def refusal(refused: Refused, receiver: str) -> DeadLetter:
    """The dead letter of a row that a receiver's database refuses: it holds the record, to be put back there."""
    row = refused.row
    context = Context(Stage.SINKS, source=row.source, receiver=receiver, fetched_at=row.fetched_at)
    return dead_letter(_original(row.record), context, Reason.ROW_REFUSED, refused.reason)


def _letter(record: Record, poison: Poison) -> DeadLetter:
    # Without a receiver: that of every receiver is the same sighting, and folds into one.
    return dead_letter(_original(record), Context(Stage.SINKS), poison.reason, poison.detail)


def _original(record: Record) -> Original:
    return Original(record.topic, record.value, record.key, record.partition, record.offset, record.headers)
