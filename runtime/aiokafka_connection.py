"""aiokafka's connection, mended for uvloop: what is closed by now is a connection that broke, and none is left behind.

On uvloop, writing to a transport that the other side has just closed raises RuntimeError where asyncio's own loop only
logs it. aiokafka does not know that: its sender, its coordinator or its fetcher ended, and the process with them.
"""

from typing import Any

import aiokafka.conn
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError


class Connection(AIOKafkaConnection):  # type: ignore[misc]  # aiokafka has no types
    """What every client of aiokafka talks through, once :func:`adopt` was called."""

    def send(self, request: Any, expect_response: bool = True) -> Any:
        """As aiokafka's.

        Raises:
            KafkaConnectionError: the connection is closed; the clients make another.
        """
        try:
            return super().send(request, expect_response)
        except RuntimeError as error:
            self.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"Connection at {self.host}:{self.port} broken: {error}") from error

    def close(self, reason: Any = None, exc: BaseException | None = None) -> Any:
        """As aiokafka's. At a shutdown all is answered that was asked: no farewell is waited for.

        TLS would wait for the broker's, which comes only once the broker has answered a fetch that waits for records;
        and a loop of uvloop that is to be closed meanwhile never is.
        """
        writer = self._writer
        closed = super().close(reason=reason, exc=exc)
        if writer is not None and reason == CloseReason.SHUTDOWN:
            writer.transport.abort()
        return closed


def adopt() -> None:
    """Has aiokafka use this connection from now on, in this process."""
    aiokafka.conn.AIOKafkaConnection = Connection
