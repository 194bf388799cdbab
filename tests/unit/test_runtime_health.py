"""Health over real HTTP."""

import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter

from runtime.errors import ConfigError
from runtime.health import STALLED_AFTER, Health, HealthServer
from runtime.settings.system import MetricsSettings


class Clock:
    """A clock that stands where it is put."""

    seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Served:
    """A health server and what it serves."""

    clock: Clock
    health: Health
    registry: CollectorRegistry
    server: HealthServer

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.server.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@pytest.fixture
def served() -> Iterator[Served]:
    clock, registry = Clock(), CollectorRegistry()
    health = Health(clock)
    server = HealthServer(MetricsSettings(), registry, health)
    yield Served(clock, health, registry, server)
    server.close()


def test_a_process_is_ready_when_it_says_so(served: Served) -> None:
    assert served.get("/readyz") == (503, "starting\n")
    served.health.ready()
    assert served.get("/readyz") == (200, "ready\n")
    served.health.waiting("the database vitec does not answer")
    assert served.get("/readyz") == (503, "the database vitec does not answer\n")


def test_beyond_loopback_nothing_is_told_but_that_it_waits() -> None:
    """Why it waits may name hosts, users and databases; it stands in the log."""
    health, registry = Health(), CollectorRegistry()
    health.waiting("the database of vitec at db.example refuses user vitec")
    server = HealthServer(MetricsSettings(host="0.0.0.0"), registry, health)
    assert Served(Clock(), health, registry, server).get("/readyz") == (503, "waiting; its log says for what\n")
    server.close()


def test_a_process_that_waits_is_live(served: Served) -> None:
    served.health.waiting("the database")
    assert served.get("/healthz") == (200, "live\n")


def test_a_process_whose_loop_stands_still_is_not_live(served: Served) -> None:
    served.clock.seconds += STALLED_AFTER
    assert served.get("/healthz") == (503, "stalled\n")
    served.health.beat()
    assert served.get("/healthz") == (200, "live\n")


def test_metrics_are_served_with_those_of_the_process(served: Served) -> None:
    Counter("meterstream_test", "A test.", registry=served.registry).inc(3)
    status, text = served.get("/metrics")
    assert status == 200
    assert "meterstream_test_total 3.0" in text
    assert "python_info" in text


def test_another_path_says_what_there_is(served: Served) -> None:
    status, text = served.get("/")
    assert (status, "/readyz" in text) == (404, True)


def test_a_client_that_says_nothing_does_not_keep_others_from_an_answer(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.server.port)):
        assert served.get("/healthz") == (200, "live\n")


def test_many_ask_at_once(served: Served) -> None:
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(served.get("/metrics")[0])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 8


def test_a_port_that_is_taken_is_a_configuration_error(served: Served) -> None:
    with pytest.raises(ConfigError, match=f"127.0.0.1:{served.server.port} cannot be served: .*; set another port"):
        HealthServer(MetricsSettings(port=served.server.port), CollectorRegistry(), Health())


def test_after_closing_nobody_answers(served: Served) -> None:
    server = HealthServer(MetricsSettings(), CollectorRegistry(), Health())
    server.close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), timeout=1)
