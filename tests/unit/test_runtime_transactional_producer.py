"""A transactional producer goes on looking for its coordinator where the way to Kafka breaks meanwhile."""

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
from aiokafka.structs import TopicPartition

from runtime.transactional_producer import Beginning, PersistentSender, TransactionalProducer


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


class Refusing:
    """An answer of a broker that is asked to begin a transaction; ``code`` 0: it does."""

    def __init__(self, code: int) -> None:
        self.errors = [("values", [(0, code)])]


async def test_a_transaction_behind_another_one_is_tried_again_soon_and_then_less_often() -> None:
    producer = TransactionalProducer(bootstrap_servers="127.0.0.1:1", transactional_id="x")
    try:
        begin = Beginning(producer._sender, {TopicPartition("values", 0)})
        waits = [begin.handle_response(Refusing(ConcurrentTransactions.errno)) for _ in range(6)]
        assert waits == [0.002, 0.004, 0.008, 0.016, 0.02, 0.02]
        producer._txn_manager._pending_txn_partitions.add(TopicPartition("values", 0))
        assert begin.handle_response(Refusing(0)) is None
        assert begin.handle_response(Refusing(NotCoordinatorError.errno)) == 0.1
        producer._txn_manager._txn_partitions.clear()
        assert begin.handle_response(Refusing(ConcurrentTransactions.errno)) == 0.002
    finally:
        await producer.stop()
