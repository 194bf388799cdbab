"""What putting a dead letter back would do: where it goes, what it would be now, or why it cannot go anywhere.

Nothing is written here. Whatever is put back keeps its version (fetched_at, or its sequence), so it never beats
anything newer; and putting the same back twice changes nothing.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

from producer.build import line_of
from producer.put_back import Mapper
from producer.records import Records, Topics
from runtime.errors import Poison
from runtime.settings.tree import Settings
from runtime.topics import TopicNames
from schemas.codec import Codec, E, Undecodable
from schemas.events import DeadLetter, MeterValue, Reading
from schemas.keys import partition_of, point_key
from schemas.reasons import Reason, Stage
from schemas.registry import SchemaRegistry, UnknownSchemaId
from sinks.put_back import PutBackRecord

Result = Literal["put_back", "refused_again", "impossible"]


@dataclass(frozen=True)
class Outgoing:
    """A record to be written to a topic."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes | None], ...] = ()


@dataclass(frozen=True)
class Plan:
    """For one dead letter. ``refused_again``: it would be one again; ``impossible``: whatever is mended.

    ``records`` go onto topics of Kafka; the workers of ``receivers`` are asked by ``request``.
    """

    letter: DeadLetter
    result: Result
    detail: str
    records: tuple[Outgoing, ...] = ()
    receivers: tuple[str, ...] = ()

    @property
    def request(self) -> PutBackRecord:
        """What the receivers are asked to take."""
        letter = self.letter
        return PutBackRecord(
            letter.id,
            letter.topic,
            letter.partition or 0,
            letter.offset or 0,
            letter.original_key,
            letter.original_value,
            tuple((header.name, header.value) for header in letter.original_headers),
        )


class Planner:
    """Plans, with today's settings and the schemas that are known today."""

    def __init__(self, settings: Settings, registry: SchemaRegistry) -> None:
        """Reads a source's files when its first dead letter comes."""
        self._settings = settings
        self._names = TopicNames.of(settings)
        self._readings = Codec(Reading, registry)
        self._values = Codec(MeterValue, registry)
        self._records = Records(Topics(self._names, settings.topics.partitions), registry)
        self._mapper = cache(lambda source: Mapper(line_of(settings, source)))

    def plan(self, letter: DeadLetter) -> Plan:
        """What to do with one, given whole.

        Raises:
            Transient: the schema registry is away.
            ConfigError: the files of its source are not as they must be.
        """
        if letter.original_sha256 is not None:
            return _impossible(letter, "its original was too large and is cut")
        homes = {
            Stage.PRODUCER: self._mapped_anew,
            Stage.STREAMS: self._onto_readings,
            Stage.SINKS: self._into_receivers,
        }
        try:
            return homes[Stage(letter.stage)](letter)
        except Poison as poison:
            return Plan(letter, "refused_again", f"{poison.reason}: {poison.detail}")

    def _mapped_anew(self, letter: DeadLetter) -> Plan:
        """The producer: its readings as it would map them today, as of the moment when they were asked for."""
        if letter.reason == Reason.UNREADABLE_RESPONSE:
            return _impossible(letter, "a whole answer: the producer asks for it again by itself")
        if letter.source not in self._settings.sources:
            return _impossible(letter, f"the settings have no source {letter.source}")
        if letter.fetched_at is None:
            return _impossible(letter, "it does not say when it was fetched")
        mapper = self._mapper(letter.source)
        point = mapper.point(letter)
        if point is None:
            return _impossible(letter, f"its metering point is no longer among those of source {letter.source}")
        mapped = mapper.map(letter, point, letter.fetched_at)
        values = [self._records.readings_codec.encode(reading) for reading in mapped.readings]
        records = self._records.readings(point.metering_point, values)
        records += [self._records.letter(left) for left in mapped.letters]
        rest = f", {len(mapped.letters)} of its readings are dead letters of their own" if mapped.letters else ""
        outgoing = tuple(Outgoing(record.topic, record.partition, record.key, record.value) for record in records)
        return Plan(letter, "put_back", f"mapped anew, onto {self._names.readings}{rest}", outgoing)

    def _onto_readings(self, letter: DeadLetter) -> Plan:
        """Streams: back onto the topic it came from; its content says under which key and on which partition."""
        if letter.topic != self._names.readings:
            return _impossible(letter, f"it is of another epoch: it came from {letter.topic}")
        reading = _decoded(self._readings, letter)
        key, partition = point_key(reading.metering_point), self._partition(reading.metering_point)
        stays = (key, partition) == (letter.original_key, letter.partition)
        moved = "" if stays else ", where its metering point belongs"
        headers = tuple((header.name, header.value) for header in letter.original_headers)
        record = Outgoing(letter.topic, partition, key, letter.original_value or b"", headers)
        return Plan(letter, "put_back", f"onto {letter.topic}, partition {partition}{moved}", (record,))

    def _into_receivers(self, letter: DeadLetter) -> Plan:
        """Sinks: into the one receiver that refused it, or into all for which it was no value at all."""
        if letter.topic != self._names.values:
            return _impossible(letter, f"it is of another epoch: it came from {letter.topic}")
        if letter.receiver is not None and letter.receiver not in self._settings.deliveries():
            return _impossible(letter, f"the settings have no receiver {letter.receiver}")
        if letter.reason == Reason.WRONG_KEY:
            return _impossible(letter, "its key or partition is not its value's: nobody of ours wrote it")
        _decoded(self._values, letter)
        receivers = (letter.receiver,) if letter.receiver is not None else tuple(self._settings.deliveries())
        return Plan(letter, "put_back", f"to the worker of {', '.join(receivers)}", receivers=receivers)

    def _partition(self, metering_point: str) -> int:
        return partition_of(metering_point, self._settings.topics.partitions)


def _decoded(codec: Codec[E], letter: DeadLetter) -> E:
    try:
        return codec.decode(letter.original_value)
    except Undecodable as error:
        raise Poison(Reason.UNDECODABLE_RECORD, str(error)) from error
    except UnknownSchemaId as error:
        raise Poison(Reason.UNKNOWN_SCHEMA, str(error)) from error


def _impossible(letter: DeadLetter, detail: str) -> Plan:
    return Plan(letter, "impossible", detail)
