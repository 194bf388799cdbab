"""What the Faust app is told, and what must never change by accident."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from runtime.health import Health
from runtime.metrics import StreamsMetrics
from runtime.settings.tree import Settings
from streams.app import REBALANCE_TIMEOUT, Membership, attach, streams_app
from streams.owner import GRACE, Owner, Signs
from streams.patience import Patience
from streams.pulse import Pulse
from streams.transport import ChunkTransport


async def test_the_agent_has_the_name_it_always_had() -> None:
    """Left to Faust it would be that of a function and its module, and change with them."""
    app = streams_app(Settings(), Pulse(60))
    health = Health()
    signs = Signs(Pulse(60), health, StreamsMetrics(CollectorRegistry()))
    owner = Owner(Membership(app), never, Patience(signs.pulse, health), signs)
    attach(app, "meterstream.1.readings", owner, never)
    assert list(app.agents) == ["streams"]
    (agent,) = app.agents.values()
    assert agent.channel.get_topic_name() == "meterstream.1.readings"
    assert agent.concurrency == 1


def never(*_: Any) -> Any:
    raise AssertionError("nothing has started")


def test_faust_gives_membership_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = streams_app(Settings(epoch="7"), Pulse(60))
    conf = app.conf
    assert conf.id == "meterstream.7.streams"
    assert isinstance(app.transport, ChunkTransport)
    assert not conf.web_enabled
    assert not conf.topic_allow_declare
    assert conf.topic_disable_leader
    assert conf.table_standby_replicas == 0
    assert not conf.stream_wait_empty
    assert conf.broker_request_timeout > conf.broker_session_timeout
    assert "exactly" not in repr(conf.processing_guarantee).lower(), "Faust's exactly_once is broken"
    asyncio.run(app.on_first_start())
    assert list(tmp_path.iterdir()) == [], "no directories of Faust's"


async def test_a_fetch_that_finds_nothing_is_held_for_a_moment_only() -> None:
    """Behind it waits what is new in a partition that it did not ask about."""
    app = streams_app(Settings(), Pulse(60))
    consumer: Any = app.consumer
    consumer = consumer._new_consumer_thread()._create_worker_consumer(app.transport)
    assert consumer._fetch_max_wait_ms == 100
    consumer._closed = True  # it was never started


def test_a_rebalance_waits_longer_than_we_make_it_wait() -> None:
    assert GRACE * 2 <= REBALANCE_TIMEOUT
