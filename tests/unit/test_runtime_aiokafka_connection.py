"""A connection that the broker has just closed is one that broke, on uvloop too: the client makes another."""

import asyncio

import aiokafka.conn
import pytest
import uvloop
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.admin import ApiVersionRequest

from runtime.aiokafka_connection import Connection
from runtime.kafka import aiokafka_options
from runtime.settings.system import KafkaSettings


async def asked_after_the_end() -> object:
    """Sends a request at the moment at which the transport is closed and nobody has noticed."""
    ended = asyncio.Event()

    async def broker(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(broker, "127.0.0.1", 0)
    connection = Connection("127.0.0.1", server.sockets[0].getsockname()[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", connection.port)
    connection._reader, connection._writer = reader, writer
    connection._read_task = asyncio.ensure_future(ended.wait())
    writer.transport.abort()
    await asyncio.sleep(0)
    try:
        return await connection.send(ApiVersionRequest())
    finally:
        ended.set()
        server.close()


def test_a_request_on_a_closed_connection_is_an_error_that_clients_know() -> None:
    with (
        pytest.raises(KafkaConnectionError, match="broken"),
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(asked_after_the_end())


def test_the_clients_of_this_product_use_it() -> None:
    aiokafka_options(KafkaSettings())
    assert aiokafka.conn.AIOKafkaConnection is Connection
