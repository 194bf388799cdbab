"""Records of the values topic to rows of one receiver; what is not a value becomes a dead letter."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from runtime.dead_letters import Context, Original, dead_letter
from runtime.errors import Poison
from schemas import keys
from schemas.codec import Codec, Undecodable
from schemas.events import DeadLetter, MeterValue
from schemas.reasons import Reason, Stage
from schemas.registry import UnknownSchemaId
from sinks.batch import Record, Refused, Row, is_outside
from sinks.points import Points


@dataclass
class Decoded:
    """What some records came to: rows for this receiver, dead letters, and how many values are for others."""

    rows: list[Row] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    withheld: int = 0


class Decoder:
    """Decodes, checks and filters. Every record is checked, also those of other receivers."""

    def __init__(self, codec: Codec[MeterValue], points: Points, partitions: int) -> None:
        """``partitions``: the number of the values topic's."""
        self._codec = codec
        self._points = points
        self._partitions = partitions

    def decode(self, records: Iterable[Record]) -> Decoded:
        """The rows among some records, in their order.

        Raises:
            Transient: the schema registry is away. Nothing is decoded by halves: call again with the same records.
        """
        decoded = Decoded()
        for record in records:
            try:
                value = self._value(record)
            except Poison as poison:
                decoded.letters.append(_letter(record, poison))
                continue
            if self._points.has(value.metering_point, value.delivery_category):
                decoded.rows.append(Row(value, record))
            else:
                decoded.withheld += 1
        return decoded

    def _value(self, record: Record) -> MeterValue:
        try:
            value = self._codec.decode(record.value)
        except Undecodable as error:
            raise Poison(Reason.UNDECODABLE_RECORD, str(error)) from None
        except UnknownSchemaId as error:
            raise Poison(Reason.UNKNOWN_SCHEMA, str(error)) from None
        series_and_date = (value.source, value.metering_point, value.delivery_category, value.reading_at)
        if is_outside(value):
            key = keys.outside_key(*series_and_date, value.fetched_at)
        else:
            key = keys.identity_key(*series_and_date)
        if record.key != key:
            raise Poison(Reason.WRONG_KEY, "the key is not that of the value's identity")
        if record.partition != keys.partition_of(value.metering_point, self._partitions):
            raise Poison(Reason.WRONG_KEY, "the partition is not that of the value's metering point")
        return value


def refusal(refused: Refused, receiver: str) -> DeadLetter:
    """The dead letter of a row that a receiver's database refuses: it holds the record, to be put back there."""
    value, record = refused.row
    context = Context(Stage.SINKS, source=value.source, receiver=receiver, fetched_at=value.fetched_at)
    return dead_letter(_original(record), context, Reason.ROW_REFUSED, refused.reason)


def _letter(record: Record, poison: Poison) -> DeadLetter:
    # Without a receiver: that of every receiver is the same sighting, and folds into one.
    return dead_letter(_original(record), Context(Stage.SINKS), poison.reason, poison.detail)


def _original(record: Record) -> Original:
    return Original(record.topic, record.value, record.key, record.partition, record.offset, record.headers)
