"""aiokafka's transactional producer, mended in two places. Names private to aiokafka are used; it is pinned exactly.

It outlives a way to Kafka that breaks while it looks for its coordinator: aiokafka takes a connection that is reset
just then for a defect of its own, its sender ends, and the producer with it (seen with half-open connections). And it
begins a transaction sooner after another one.
"""

import asyncio
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.client import CoordinationType
from aiokafka.errors import KafkaError
from aiokafka.producer.sender import BACKOFF_OVERRIDE, AddPartitionsToTxnHandler, Sender

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


class Beginning(AddPartitionsToTxnHandler):  # type: ignore[misc]  # aiokafka has no types
    """Begins a transaction, or adds partitions to one."""

    def handle_response(self, resp: Any) -> float | None:
        """Seconds until it is to be tried again; None: it is done."""
        wait: float | None = super().handle_response(resp)
        if wait != BACKOFF_OVERRIDE:
            self._sender.soon = SOON
            return wait
        soon: float = self._sender.soon
        self._sender.soon = min(2 * soon, BACKOFF_OVERRIDE)
        return soon


class PersistentSender(Sender):  # type: ignore[misc]  # aiokafka has no types
    """The part of a producer that asks the brokers."""

    soon = SOON

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

    async def _do_add_partitions_to_txn(self, tps: Any) -> Any:
        """As aiokafka's, asking again sooner where another transaction still ends."""
        coordinator = await self._find_coordinator(CoordinationType.TRANSACTION, self._txn_manager.transactional_id)
        return await Beginning(self, tps).do(coordinator)
