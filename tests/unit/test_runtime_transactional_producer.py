"""A transactional producer goes on looking for its coordinator where the way to Kafka breaks meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka.errors import (
    ConcurrentTransactions,
    KafkaConnectionError,
    KafkaError,
    NodeNotReadyError,
    NotCoordinatorError,
    RequestTimedOutError,
    TransactionalIdAuthorizationFailed,
)
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from runtime.transactional_producer import Beginning, BeginningWithGroup, PersistentSender, TransactionalProducer


class Cluster:
    """What a sender asks; ``errors`` come before the answer."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    async def coordinator_lookup(self, *_: Any) -> int:
        if self.errors:
            raise self.errors.pop(0)
        return 7

    async def force_metadata_update(self) -> bool:
        return True

    async def ready(self, *_: Any, **__: Any) -> bool:
        return True


async def found(*errors: Exception) -> object:
    producer = TransactionalProducer(bootstrap_servers="127.0.0.1:1", transactional_id="x", retry_backoff_ms=1)
    try:
        sender = producer._sender
        assert isinstance(sender, PersistentSender)
        sender.client = Cluster(*errors)
        return await sender._find_coordinator(1, "x")
    finally:
        await producer.stop()


async def test_a_connection_that_breaks_while_it_asks_is_made_again() -> None:
    assert await found(KafkaConnectionError("closed"), RequestTimedOutError(), NodeNotReadyError()) == 7


async def test_a_right_that_is_missing_is_told() -> None:
    with pytest.raises(TransactionalIdAuthorizationFailed):
        await found(TransactionalIdAuthorizationFailed())


async def test_what_does_not_pass_is_raised() -> None:
    with pytest.raises(KafkaError, match="out of order"):
        await found(KafkaError("out of order"))


@dataclass
class Answer:
    """Of a broker that is asked to add something to a transaction; 0: it does."""

    error_code: int

    @property
    def errors(self) -> list[tuple[str, list[tuple[int, int]]]]:
        return [("values", [(0, self.error_code)])]


@pytest.mark.parametrize(
    ("handler", "what"), [(Beginning, {TopicPartition("values", 0)}), (BeginningWithGroup, "streams")]
)
async def test_a_transaction_behind_another_one_is_tried_again_soon_and_then_less_often(
    handler: Any, what: object
) -> None:
    producer = TransactionalProducer(bootstrap_servers="127.0.0.1:1", transactional_id="x")
    producer._txn_manager.set_pid_and_epoch(1, 0)
    producer._txn_manager.begin_transaction()
    producer._txn_manager.maybe_add_partition_to_txn(TopicPartition("values", 0))
    try:
        begin = handler(producer._sender, what)
        behind = Answer(ConcurrentTransactions.errno)
        assert [begin.handle_response(behind) for _ in range(6)] == [0.002, 0.004, 0.008, 0.016, 0.02, 0.02]
        assert begin.handle_response(Answer(NotCoordinatorError.errno)) == 0.1
        assert begin.handle_response(behind) == 0.002
        assert begin.handle_response(Answer(0)) is None
        assert begin.handle_response(behind) == 0.002
    finally:
        await producer.stop()


async def test_the_offset_of_a_transaction_is_committed_before_any_partition_is_added() -> None:
    """Else the broker would verify offset and batches side by side, and refuse one of them for a while."""
    producer = TransactionalProducer(bootstrap_servers="127.0.0.1:1", transactional_id="x")
    transaction: Any = producer._txn_manager
    readings = TopicPartition("readings", 0)
    transaction.set_pid_and_epoch(1, 0)
    transaction.begin_transaction()
    try:
        transaction.maybe_add_partition_to_txn(TopicPartition("values", 0))
        transaction.add_offsets_to_txn({readings: OffsetAndMetadata(7, "")}, "streams")
        asked = []
        answers: list[Callable[[], object]] = [
            lambda: transaction.consumer_group_added("streams"),
            lambda: transaction.offset_committed(readings, 7, "streams"),
            lambda: transaction.partition_added(TopicPartition("values", 0)),
        ]
        for answered in answers:
            request = producer._sender._maybe_do_transactional_request()
            asked.append(request.get_coro().__name__)
            request.cancel()
            answered()
        assert asked == ["_do_add_offsets_to_txn", "_do_txn_offset_commit", "_do_add_partitions_to_txn"]
        assert producer._sender._maybe_do_transactional_request() is None
    finally:
        await producer.stop()
