"""The Faust app of streams: group membership and fetching on the chunk transport, and nothing else of Faust."""

from collections.abc import AsyncIterator, Callable, Collection
from typing import Any

import faust
from aiokafka.structs import TopicPartition
from faust.app.base import BootStrategy

from runtime.kafka import faust_options
from runtime.settings.tree import Settings
from runtime.topics import TopicNames
from streams.owner import Owner
from streams.pulse import Pulse
from streams.transport import Chunk, ChunkTransport, PassThrough

AGENT = "streams"
"""The agent's name, explicit: it must not depend on the name of a function and its module."""
REBALANCE_TIMEOUT = 20.0
"""Seconds that the group waits for a member that is still busy."""
METADATA_MS = 5_000
"""How often the cluster is asked about its topics. A leader whose client had not seen the topic when the group was
formed – Kafka was just starting – assigns its partitions to nobody, and mends that with the next look only."""


class _Boot(BootStrategy):
    """No web server, no producer of Faust's: each partition has its own."""

    enable_web = False
    enable_kafka_producer = False


class _App(faust.App):
    """Faust without files: it has no tables, so it needs no directories."""

    BootStrategy = _Boot

    def _create_directories(self) -> None:
        """Keeps the working directory clean."""


class Membership:
    """This worker's place in the consumer group, as Faust knows it."""

    def __init__(self, app: faust.App) -> None:
        """``app`` need not have started."""
        self._app = app

    def generation(self) -> int:
        """The present generation's number."""
        return int(self._app.consumer_generation_id)

    def assignment(self) -> Collection[TopicPartition]:
        """The partitions that are ours in it."""
        return [TopicPartition(*partition) for partition in self._app.consumer.assignment()]


def streams_app(settings: Settings, pulse: Pulse) -> faust.App:
    """The app without its agent. Faust commits nothing, keeps no tables, creates no topics and serves no web."""
    streams = settings.streams
    options = faust_options(settings.kafka)
    app = _App(
        TopicNames.of(settings).streams_group,
        **options,
        topic_disable_leader=True,
        topic_allow_declare=False,
        table_standby_replicas=0,
        web_enabled=False,
        key_serializer="raw",
        value_serializer="raw",
        consumer_auto_offset_reset="earliest",
        broker_rebalance_timeout=REBALANCE_TIMEOUT,
        broker_max_poll_records=streams.chunk_records,
        consumer_max_fetch_size=streams.fetch_bytes,
        consumer_metadata_max_age_ms=METADATA_MS,
        stream_buffer_maxsize=streams.buffered_chunks,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
    )
    app.transport = ChunkTransport(pulse, app.conf.broker_consumer, app)
    return app


def attach(app: faust.App, readings_topic: str, owner: Owner, failed: Callable[[BaseException], Any]) -> None:
    """Gives the readings that the app fetches to an owner.

    Args:
        app: not started yet.
        readings_topic: its name.
        owner: takes the chunks.
        failed: called with what a chunk raised. It must end the process: nothing after the chunk may be processed.
    """
    readings = app.topic(
        readings_topic,
        key_serializer=PassThrough(),
        value_serializer=PassThrough(),
        acks=False,  # Faust then never commits it
    )

    async def process(stream: Any) -> None:
        try:
            await owner.run(_chunks(stream))
        except Exception as error:  # noqa: BLE001  # whatever it is, Faust must not restart the agent behind it
            failed(error)

    async def on_assigned(*_: Any, **__: Any) -> None:
        owner.assigned()

    async def on_revoked(*_: Any, **__: Any) -> None:
        await owner.settle()

    app.agent(readings, name=AGENT, concurrency=1)(process)
    app.on_partitions_assigned.connect(on_assigned, weak=False)
    app.on_partitions_revoked.connect(on_revoked, weak=False)


async def _chunks(stream: Any) -> AsyncIterator[Chunk]:
    async for event in stream.events():
        yield event.value
