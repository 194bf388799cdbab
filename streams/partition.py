"""One partition that this worker owns: its state, its position, and the main path of streams."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka.errors import KafkaError, ProducerFenced
from aiokafka.structs import ConsumerRecord, TopicPartition

from runtime.circuit import Circuit
from runtime.errors import Fatal
from runtime.kafka_refusals import refusal
from runtime.metrics import StreamsMetrics
from runtime.publish import Record, send
from runtime.topics import TopicNames
from schemas import instants
from schemas.canary import METERING_POINT
from schemas.codec import Codec
from schemas.events import DeadLetter, MeterValue
from schemas.instants import MILLISECOND
from schemas.keys import partition_of
from streams.fold import Fold, Folded, Stamp
from streams.intake import SLICE, Intake, Judged
from streams.marker import MARKER_KEY, Marker
from streams.patience import Patience
from streams.position import check_within
from streams.rules.rules import Rules
from streams.state import PartitionState
from streams.state_log import StateLog
from streams.transport import Chunk


@dataclass(frozen=True)
class Shared:
    """What every partition of a worker uses."""

    names: TopicNames
    ids: Mapping[str, str]
    """The topics' ids at the start of this worker, by name; :mod:`streams.lookout` sees to it that they stay."""
    epoch: str
    partitions: int
    """How many readings, values and state have; fixed for an epoch."""
    rules: Rules
    log: StateLog
    intake: Intake
    values: Codec[MeterValue]
    dead_letters: Codec[DeadLetter]
    metrics: StreamsMetrics
    patience: Patience
    circuit: Circuit


class Partition:
    """Everything owned of one source partition, for as long as it is owned without a break."""

    def __init__(self, shared: Shared, number: int, producer: Any, state: PartitionState, position: int) -> None:
        """What :class:`streams.opening.Opening` brought together.

        Args:
            shared: what all partitions use.
            number: the partition, the same in readings, values and state.
            producer: started and transactional; starting it fenced the previous owner.
            state: as restored.
            position: the first offset that the state does not contain.
        """
        self.state = state
        self.position = position
        self._shared = shared
        self._number = number
        self._readings = TopicPartition(shared.names.readings, number)
        self._producer = producer

    async def process(self, chunk: Chunk) -> None:
        """The main path. The numbers are the delivery guarantee.

        1. Find the place: what the state contains already is skipped; a gap ends the process.
        2. Judge the records: readings, or dead letters. A registry that is away is waited for, nothing is dropped; too
           many dead letters are waited for, too, until the records are readings or an operator accepts them.
        3. Fold the readings over the state, without touching it.
        4. In one transaction: values, dead letters, state records, the marker, the group's offset. If any of it
           fails, readers (read_committed) see nothing of it, the process ends, and the chunk is read again.
        5. Only then take the new state over in memory.

        Raises:
            GivenUp: in step 2, while waiting; nothing has been done.
            PositionError: the log contradicts the position.
            ConfigError: the cluster refuses what is to be written: a right, or a size.
            Exception: anything else, aiokafka's too: it is not known what the broker has; the process must end.
        """
        records = await self._unread(chunk)
        if not records:
            return
        started = time.perf_counter()
        judged = await self._shared.patience.retried("readings that can be used", lambda: self._judged(records))
        folded = await self._fold(judged)
        await self._commit(judged, folded, chunk.next_offset)
        self.state.apply(folded)
        self.position = chunk.next_offset
        self._shared.circuit.note(len(judged.readings), len(judged.dead_letters))
        self._measure(len(records), judged, folded, time.perf_counter() - started)

    async def move_group(self) -> None:
        """Moves the group's offset to the position: it was moved back or has expired, or lag would be seen for ever.

        Raises:
            Exception: as :meth:`process` does.
        """
        async with self._transaction() as producer:
            await producer.send_offsets_to_transaction(
                {self._readings: self.position}, self._shared.names.streams_group
            )

    async def close(self) -> None:
        """Gives the partition up. Nothing is in flight: every transaction was awaited."""
        await self._producer.stop()

    async def _unread(self, chunk: Chunk) -> Sequence[ConsumerRecord]:
        """The records at and behind the position."""
        if chunk.first_offset > self.position or chunk.end_offset < self.position:
            begin, end = await self._shared.log.bounds(self._readings)
            check_within(str(self._readings), self.position, begin, end)
        if chunk.first_offset > self.position:
            # Readings is neither transactional nor compacted: its offsets have no gaps of their own.
            raise Fatal(f"{self._readings}: offset {self.position} is next, but {chunk.first_offset} was fetched")
        if chunk.first_offset == self.position:
            return chunk.records
        # Read again after a rebalance, or the group's offset was moved back or has expired.
        return [record for record in chunk.records if record.offset >= self.position]

    async def _judged(self, records: Sequence[ConsumerRecord]) -> Judged:
        judged = await self._shared.intake.judge(records)
        self._shared.circuit.check(len(judged.readings), len(judged.dead_letters))
        return judged

    async def _fold(self, judged: Judged) -> Folded:
        fold = Fold(self.state, self._shared.rules, Stamp(self._shared.epoch, instants.now()))
        for index, (sequence, reading) in enumerate(judged.readings):
            if index % SLICE == SLICE - 1:
                await self._shared.patience.turn()
            fold.add(sequence, reading)
        return fold.finish()

    async def _commit(self, judged: Judged, folded: Folded, next_offset: int) -> None:
        async with self._transaction() as producer:
            # Inside a transaction the order is free. Side by side, Kafka takes the offset while values are encoded.
            offset = producer.send_offsets_to_transaction(
                {self._readings: next_offset}, self._shared.names.streams_group
            )
            await asyncio.gather(offset, self._write(producer, judged, folded, next_offset))

    async def _write(self, producer: Any, judged: Judged, folded: Folded, next_offset: int) -> None:
        shared, number = self._shared, self._number
        state: list[Record] = [*folded.state, (MARKER_KEY, self._marker(next_offset, folded.live_keys).encode())]
        acknowledgements = await send(producer, shared.names.state, number, state)
        for partition, records in (await self._letters(judged)).items():
            acknowledgements += await send(producer, shared.names.dead_letters, partition, records)
        values = ((key, shared.values.encode(value)) for key, value in folded.values)
        acknowledgements += await send(producer, shared.names.values, number, values)
        for acknowledgement in acknowledgements:
            await acknowledgement
            await shared.patience.turn()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Any]:
        """All of what is written inside, or nothing."""
        try:
            async with self._producer.transaction():
                yield self._producer
        except ProducerFenced as error:
            raise Fatal(f"{self._readings}: another worker has opened this partition; it goes on there") from error
        except KafkaError as error:
            names = self._shared.names
            written = f"topics {names.values}, {names.state} and {names.dead_letters}, group {names.streams_group}"
            raise refusal(error, written) or error from error

    def _marker(self, next_offset: int, live_keys: int) -> Marker:
        shared, ids = self._shared, self._shared.ids
        return Marker(
            shared.epoch,
            next_offset,
            live_keys,
            shared.rules.history_text,
            ids[shared.names.readings],
            ids[shared.names.values],
        )

    async def _letters(self, judged: Judged) -> dict[int, list[Record]]:
        """The dead letters by partition of their topic."""
        letters: dict[int, list[Record]] = {}
        if judged.dead_letters:
            count = len(await self._producer.partitions_for(self._shared.names.dead_letters))
            for letter in judged.dead_letters:
                record = letter.id.encode(), self._shared.dead_letters.encode(letter)
                letters.setdefault(partition_of(letter.id, count), []).append(record)
        return letters

    def _measure(self, records: int, judged: Judged, folded: Folded, seconds: float) -> None:
        metrics = self._shared.metrics
        metrics.duplicates.inc(folded.duplicates)
        metrics.chunk_records.observe(records)
        metrics.chunk_seconds.observe(seconds)
        for (cause, held), count in Counter((value.cause, value.held) for _, value in folded.values).items():
            metrics.published.labels(cause).inc(count)
            if held:
                metrics.held.labels(held).inc(count)
        metrics.delay_seconds.observe_counted(_delays(folded))
        for reason, count in Counter(letter.reason for letter in judged.dead_letters).items():
            metrics.dead_letters.labels(reason).inc(count)
        metrics.consumed.inc(records)


def _delays(folded: Folded) -> dict[float, int]:
    """Seconds since the utility was asked, and of how many values; many come of one answer, or of one millisecond.

    Canaries are left out: of a feed that brings nothing else they would say that it is fresh.
    """
    now = instants.now()
    asked = Counter(
        value.fetched_at // MILLISECOND
        for _, value in folded.values
        if value.cause != "recomputed" and value.metering_point != METERING_POINT
    )
    return {(now - at * MILLISECOND) / instants.SECOND: count for at, count in asked.items()}
