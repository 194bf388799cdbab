"""Reads what is known of a partition back from Kafka: its state, its marker, the group's offset, the log's ends."""

from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import ConsumerRecord, TopicPartition

from runtime.errors import PositionError
from runtime.mends import REBUILD_STATE
from streams.marker import MARKER_KEY, Marker
from streams.patience import Patience
from streams.position import Found
from streams.state import PartitionState

FETCH_BYTES = 8 << 20
FETCH_WAIT_MS = 10
"""What is asked after the state was fetched waits behind a fetch for more of it."""


class StateLog:
    """The topics of one epoch, as they are read when a partition is opened."""

    def __init__(self, options: dict[str, Any], group: str, patience: Patience) -> None:
        """``options``: aiokafka's, to connect; ``group``: the consumer group of streams."""
        self._options = options
        self._group = group
        self._patience = patience

    async def restore(self, readings: TopicPartition, state: TopicPartition) -> tuple[PartitionState, Found]:
        """Everything about one partition. The caller has fenced its previous owner.

        It may itself have been fenced since (it was frozen, its partition went to another), and then all of this moves
        on while it is read. So what trails is read first and what leads last: a new owner's progress must never look
        like a contradiction; that it is fenced, this one learns when it writes.

        Raises:
            GivenUp: it took long, and was not wanted any more.
            PositionError: the state topic holds what is no state.
        """
        group_offset = await self._group_offset(readings)
        async with self._reader() as consumer:
            begin = (await consumer.beginning_offsets([readings]))[readings]
            restored, marker = await self._load(consumer, state)
            end = (await consumer.end_offsets([readings]))[readings]
        return restored, Found(group_offset, begin, end, marker, restored.live_keys)

    async def bounds(self, partition: TopicPartition) -> tuple[int, int]:
        """The first offset that a log holds, and the one that its next record will get."""
        async with self._reader() as consumer:
            return await _bounds(consumer, partition)

    def _reader(self) -> Any:
        return AIOKafkaConsumer(
            **self._options,
            enable_auto_commit=False,
            isolation_level="read_committed",
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )

    async def _load(self, consumer: Any, partition: TopicPartition) -> tuple[PartitionState, Marker | None]:
        """The newest record per key, in log order up to the end: a half-read state must never be used."""
        state, marker = PartitionState(), None
        begin, end = await _bounds(consumer, partition)
        consumer.assign([partition])
        consumer.seek(partition, begin)  # seek_to_beginning may start at the end instead, silently, after assign()
        # The position moves past transaction markers too, so it does reach the end.
        while await consumer.position(partition) < end:
            for records in (await consumer.getmany(partition, timeout_ms=500)).values():
                for record in records:
                    marker = _take(record, state, marker)
                await self._patience.turn()
            self._patience.check()
        return state, marker

    async def _group_offset(self, readings: TopicPartition) -> int | None:
        admin = AIOKafkaAdminClient(**self._options)
        await admin.start()
        try:
            found = (await admin.list_consumer_group_offsets(self._group, partitions=[readings])).get(readings)
        finally:
            await admin.close()
        return found.offset if found is not None and found.offset >= 0 else None


def _take(record: ConsumerRecord, state: PartitionState, marker: Marker | None) -> Marker | None:
    """Takes over one record; returns the newest marker so far."""
    try:
        if record.key == MARKER_KEY:
            return Marker.decode(record.value) if record.value else None
        state.load(record.key or b"", record.value)
    except ValueError as error:
        where = f"{record.topic} partition {record.partition} offset {record.offset}"
        raise PositionError(f"{where}: {error}; {REBUILD_STATE}") from error
    return marker


async def _bounds(consumer: Any, partition: TopicPartition) -> tuple[int, int]:
    begin, end = await consumer.beginning_offsets([partition]), await consumer.end_offsets([partition])
    return begin[partition], end[partition]
