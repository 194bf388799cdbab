"""What a chunk holds: readings, and records that can never become one. The first step of the road, without state."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiokafka.structs import ConsumerRecord

from runtime.dead_letters import Context, Original, dead_letter
from runtime.errors import Poison
from schemas.codec import Codec, Undecodable
from schemas.events import DeadLetter, Reading
from schemas.keys import partition_of, point_key
from schemas.reasons import Reason, Stage
from schemas.registry import UnknownSchemaId
from streams.patience import Patience

SLICE = 500
"""Records between two turns of the event loop: timers and rebalance callbacks get theirs."""
_HEADER = 5


@dataclass
class Judged:
    """The records of a chunk, told apart."""

    readings: list[tuple[int, Reading]] = field(default_factory=list)
    """(offset, reading)"""
    dead_letters: list[DeadLetter] = field(default_factory=list)


class Intake:
    """Decodes records and checks that they lie where they belong."""

    def __init__(self, codec: Codec[Reading], partitions: int, patience: Patience) -> None:
        """``partitions``: the number that the readings topic has."""
        self._codec = codec
        self._partitions = partitions
        self._patience = patience
        self._known: set[bytes] = set()

    async def judge(self, records: Sequence[ConsumerRecord]) -> Judged:
        """Tells readings from dead letters, in order.

        A registry that is away is waited for, with the records in hand: a record whose schema cannot be looked up now
        is not one that nobody knows.

        Raises:
            GivenUp: the wait was ended from outside; nothing has been done with the records.
        """
        judged = Judged()
        for index, record in enumerate(records):
            if index % SLICE == SLICE - 1:
                await self._patience.turn()
            try:
                known = (record.value or b"")[:_HEADER] in self._known
                reading = self._decoded(record.value) if known else await self._first_of_its_schema(record.value)
                self._check_place(record, reading)
            except Poison as poison:
                judged.dead_letters.append(_dead_letter(record, poison))
            else:
                judged.readings.append((record.offset, reading))
        return judged

    def _decoded(self, value: bytes | None) -> Reading:
        try:
            return self._codec.decode(value)
        except Undecodable as error:
            raise Poison(Reason.UNDECODABLE_RECORD, str(error)) from error
        except UnknownSchemaId as error:
            raise Poison(Reason.UNKNOWN_SCHEMA, str(error)) from error

    async def _first_of_its_schema(self, value: bytes | None) -> Reading:
        """Decodes in a thread: the schema id has not been met yet and may have to be looked up."""
        reading = await self._patience.retried("the schema registry", lambda: asyncio.to_thread(self._decoded, value))
        self._known.add((value or b"")[:_HEADER])
        return reading

    def _check_place(self, record: ConsumerRecord, reading: Reading) -> None:
        if record.key != point_key(reading.metering_point):
            raise Poison(Reason.WRONG_KEY, "the record's key is not its metering point")
        belongs = partition_of(reading.metering_point, self._partitions)
        if record.partition != belongs:
            raise Poison(
                Reason.WRONG_KEY, f"the record lies on partition {record.partition}, its metering point on {belongs}"
            )


def _dead_letter(record: ConsumerRecord, poison: Poison) -> DeadLetter:
    original = Original(
        topic=record.topic,
        value=record.value,
        key=record.key,
        partition=record.partition,
        offset=record.offset,
        headers=record.headers,
    )
    return dead_letter(original, Context(Stage.STREAMS), poison.reason, poison.detail)
