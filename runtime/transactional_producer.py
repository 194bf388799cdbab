"""aiokafka's transactional producer, mended: it outlives a way to Kafka that breaks while it looks for its coordinator.

aiokafka takes a connection that is reset just then for a defect of its own: its sender ends, and the producer with it
(seen with half-open connections). Names private to aiokafka are used here; it is pinned exactly.
"""

import asyncio
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.producer.sender import Sender


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


class PersistentSender(Sender):  # type: ignore[misc]  # aiokafka has no types
    """The part of a producer that asks the brokers."""

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
