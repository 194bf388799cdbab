"""Opens a partition: fences its previous owner, restores its state, and checks where to go on."""

import logging
import time
from functools import partial
from typing import Any

from aiokafka.errors import KafkaError, KafkaTimeoutError
from aiokafka.structs import TopicPartition

from runtime.errors import PositionError, Transient
from runtime.mends import NEW_EPOCH
from runtime.transactional_producer import TransactionalProducer
from streams.partition import Partition, Shared
from streams.position import Expected, Found, starting_point

log = logging.getLogger(__name__)

BATCH_BYTES = 1 << 19
RETRY_MS = 20
"""Between two tries of a request; aiokafka's 100 ms show in the latency of a lone record."""


class Opening:
    """Opens partitions for one worker."""

    def __init__(self, shared: Shared, options: dict[str, Any], transaction_timeout: float) -> None:
        """``options``: aiokafka's, to connect; ``transaction_timeout`` in seconds."""
        self._shared = shared
        self._options = options
        self._timeout_ms = int(transaction_timeout * 1000)

    async def open(self, number: int) -> Partition:
        """A partition ready to process. A Kafka that breaks off meanwhile is asked again: nothing was done yet.

        Raises:
            PositionError: state, offsets and log contradict each other.
            GivenUp: it took long and was not wanted any more.
        """
        if number >= self._shared.partitions:
            raise PositionError(
                f"{self._shared.names.readings} partition {number}: partitions were added, but their number "
                f"({self._shared.partitions}) is fixed for an epoch; {NEW_EPOCH}"
            )
        started = time.perf_counter()
        with self._shared.metrics.recovering.track_inprogress():
            partition, found = await self._shared.patience.retried("Kafka", partial(self._tried, number))
        seconds = time.perf_counter() - started
        self._shared.metrics.recovery_seconds.observe(seconds)
        log.info(
            "opened a partition",
            extra={
                "partition": number,
                "position": partition.position,
                "behind": found.log_end - partition.position,
                "keys": partition.state.live_keys,
                "seconds": round(seconds, 2),
            },
        )
        return partition

    async def _tried(self, number: int) -> tuple[Partition, Found]:
        producer = self._producer(number)
        try:
            # Starting it fences the previous owner and aborts its open transaction: from here on all stands still.
            await producer.start()
            return await self._restored(number, producer)
        except BaseException as error:
            await producer.stop()
            if isinstance(error, KafkaTimeoutError) or (isinstance(error, KafkaError) and error.retriable):
                raise Transient(f"{type(error).__name__} while partition {number} was opened") from error
            raise

    async def _restored(self, number: int, producer: Any) -> tuple[Partition, Found]:
        names, shared = self._shared.names, self._shared
        readings = TopicPartition(names.readings, number)
        state, found = await shared.log.restore(readings, TopicPartition(names.state, number))
        expected = Expected(
            shared.epoch, shared.rules.history_text, shared.ids[names.readings], shared.ids[names.values]
        )
        position = starting_point(f"{names.readings} partition {number}", found, expected)
        partition = Partition(shared, number, producer, state, position)
        if position != (found.group_offset or 0):
            await partition.move_group()
        return partition, found

    def _producer(self, number: int) -> Any:
        return TransactionalProducer(
            **self._options,
            acks="all",
            transactional_id=f"{self._shared.names.streams_group}.{number}",
            transaction_timeout_ms=self._timeout_ms,
            max_batch_size=BATCH_BYTES,
            linger_ms=0,
            retry_backoff_ms=RETRY_MS,
        )
