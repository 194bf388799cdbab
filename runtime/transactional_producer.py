"""aiokafka's transactional producer, mended. Names private to aiokafka are used here; it is pinned exactly.

- It outlives a way to Kafka that breaks while it looks for its coordinator: aiokafka takes a connection that is reset
  just then for a defect of its own, its sender ends, and the producer with it (seen with half-open connections).
- It begins a transaction sooner after another one, and tells what the broker refused of one that it breaks off.
- It commits the group's offset before it adds any partition. A broker verifies with the coordinator what is first
  written in a transaction, one question per transaction at a time: one that another overtakes is refused ("not enough
  replicas", to be tried again later). aiokafka asks about batches and the offset side by side; one chunk in ten waited.
"""

import asyncio
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.client import CoordinationType
from aiokafka.errors import ConcurrentTransactions, KafkaError
from aiokafka.producer.sender import BACKOFF_OVERRIDE, AddOffsetsToTxnHandler, AddPartitionsToTxnHandler, Sender

SOON = 0.002
"""Seconds until the broker is asked again whether a transaction may begin; each time twice as long, up to aiokafka's
20 ms. It refuses until the markers of the one before are written, mostly a few milliseconds: with 20 from the first
time on a transaction right behind another one took 32 ms."""


class TransactionalProducer(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka has no types
    """To be made as aiokafka's own, with a ``transactional_id``."""

    _sender: Any

    def __init__(self, **options: Any) -> None:
        """Connects to nothing yet; to be made inside the event loop."""
        super().__init__(**options)
        made = self._sender
        self._sender = PersistentSender(
            self.client,
            acks=made._acks,
            txn_manager=self._txn_manager,
            message_accumulator=self._message_accumulator,
            retry_backoff_ms=made._retry_backoff * 1000,
            request_timeout_ms=made._request_timeout_ms,
        )

    async def abort_transaction(self) -> None:
        """As aiokafka's.

        Raises:
            KafkaError: what the broker refused, where that broke the transaction off: whatever else fails in it only
                follows from that.
        """
        waiter = self._txn_manager._transaction_waiter
        refused = waiter.exception() if waiter is not None and waiter.done() else None
        await super().abort_transaction()
        if refused is not None:
            raise refused


class Beginning(AddPartitionsToTxnHandler):  # type: ignore[misc]  # aiokafka has no types
    """Adds partitions to a transaction; where they are the first it has, that begins it."""

    def handle_response(self, resp: Any) -> float | None:
        """Seconds until it is to be tried again; None: it is done."""
        wait: float | None = super().handle_response(resp)
        refused = any(code == ConcurrentTransactions.errno for _, codes in resp.errors for _, code in codes)
        found: float | None = self._sender.waits(wait, behind_another=refused)
        return found


class BeginningWithGroup(AddOffsetsToTxnHandler):  # type: ignore[misc]  # aiokafka has no types
    """Begins a transaction by adding the consumer group."""

    def handle_response(self, resp: Any) -> float | None:
        """Seconds until it is to be tried again; None: it is done."""
        wait: float | None = super().handle_response(resp)
        found: float | None = self._sender.waits(wait, behind_another=resp.error_code == ConcurrentTransactions.errno)
        return found


class PersistentSender(Sender):  # type: ignore[misc]  # aiokafka has no types
    """The part of a producer that asks the brokers."""

    _soon = SOON

    async def _find_coordinator(self, coordinator_type: Any, coordinator_key: str) -> Any:
        """As aiokafka's, and asks again where an answer did not come for a reason that passes."""
        while True:
            try:
                return await super()._find_coordinator(coordinator_type, coordinator_key)
            except KafkaError as error:
                if not getattr(error.__cause__, "retriable", False):
                    raise
            await self.client.force_metadata_update()
            await asyncio.sleep(self._retry_backoff)

    def waits(self, wait: float | None, *, behind_another: bool) -> float | None:
        """How long to wait, given how long aiokafka would, and whether another transaction has still to end."""
        if not behind_another:
            self._soon = SOON
            return wait
        soon, self._soon = self._soon, min(2 * self._soon, BACKOFF_OVERRIDE)
        return soon

    def _maybe_do_transactional_request(self) -> "asyncio.Task[Any] | None":
        """As aiokafka's, but all about the group first."""
        transaction = self._txn_manager
        group = transaction.consumer_group_to_add()
        if group is not None:
            return asyncio.create_task(self._do_add_offsets_to_txn(group))
        offsets = transaction.offsets_to_commit()
        if offsets is not None:
            return asyncio.create_task(self._do_txn_offset_commit(*offsets))
        request: asyncio.Task[Any] | None = super()._maybe_do_transactional_request()
        return request

    async def _do_add_offsets_to_txn(self, group_id: str) -> Any:
        return await BeginningWithGroup(self, group_id).do(await self._coordinator())

    async def _do_add_partitions_to_txn(self, tps: Any) -> Any:
        return await Beginning(self, tps).do(await self._coordinator())

    async def _coordinator(self) -> Any:
        return await self._find_coordinator(CoordinationType.TRANSACTION, self._txn_manager.transactional_id)
