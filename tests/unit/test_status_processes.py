"""What processes say of themselves: asked over HTTP, and put together per source, streams and receiver."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from operations.status import figures
from operations.status.figures import Figures
from operations.status.findings import findings
from operations.status.processes import ask, workers_of
from operations.status.report import as_json
from operations.status.whom import Whom, states
from runtime.errors import ConfigError
from runtime.health import Health, HealthServer
from runtime.metrics import ObserverMetrics, ProducerMetrics, SinkMetrics, SupervisorMetrics
from runtime.settings.system import MetricsSettings
from runtime.settings.tree import Settings
from tests.snapshots import of_receiver

SETTINGS = Settings.model_validate(
    {
        "sources": {
            "hours": {"mapping": "oresundskraft", "url": "http://127.0.0.1", "granularity": "hour", "points": "p.csv"}
        },
        "receivers": {
            "vitec": {
                "database": "sqlite",
                "path": "v.sqlite",
                "points": "p.csv",
                "test": {"database": "sqlite", "path": "t.sqlite"},
            }
        },
    }
)


def serve(registry: CollectorRegistry, waiting: str | None = None, targets: list[str] | None = None) -> HealthServer:
    health = Health()
    health.ready() if waiting is None else health.waiting(waiting)
    pages = {} if targets is None else {"/targets": lambda _: json.dumps([{"targets": targets, "labels": {}}]).encode()}
    return HealthServer(MetricsSettings(port=0), registry, health, pages)


@pytest.fixture
def shards() -> Iterator[list[str]]:
    """Two shards of one source; the second is further behind, and waits."""
    servers = []
    for number, waiting in ((1, None), (2, "the utility refuses our credentials")):
        registry = CollectorRegistry()
        metrics = ProducerMetrics(registry)
        metrics.polled.labels("hours").inc(10)
        metrics.points.labels("hours", "failing").set(number)
        metrics.authorised.labels("hours").set(waiting is None)
        metrics.newest_answer.labels("hours").set(1_000 / number)
        servers.append(serve(registry, waiting))
    yield [server.address for server in servers]
    for server in servers:
        server.close()


def test_the_shards_of_a_source_are_one_and_the_one_furthest_behind_tells_how_fresh_it_is(shards: list[str]) -> None:
    asked = states(dict.fromkeys(shards, "producer"))
    assert [(state.ready, state.waiting_for) for state in asked] == [
        (True, None),
        (False, "the utility refuses our credentials"),
    ]
    (source,) = figures.sources(SETTINGS, Figures(asked))
    assert (source.polled, source.points, source.answered_at) == (20, {"failing": 3}, 500)
    assert (source.authorised, source.stopped, source.every) == (False, None, 300)
    assert figures.about(asked[0]) == ("source hours",)


def test_the_workers_of_a_supervisor_are_asked_too() -> None:
    worker, registry = CollectorRegistry(), CollectorRegistry()
    metrics = SinkMetrics(worker)
    metrics.lag_records.labels("vitec", "test").set(3)
    metrics.written.labels("vitec", "test").inc(7)
    SupervisorMetrics(registry).running.labels("vitec", "test").set(1)
    served = serve(worker)
    supervisor = serve(registry, targets=[served.address.removeprefix("http://")])
    try:
        asked = states({supervisor.address: "sinks"})
        assert [state.address for state in asked] == [supervisor.address, served.address]
        production, test = figures.receivers(SETTINGS, asked, Figures(asked))
        assert (production.name, production.workers, production.supervised, production.written) == (
            "vitec",
            0,
            None,
            None,
        )
        assert (test.name, test.workers, test.supervised, test.written) == ("vitec.test", 1, True, 7)
        assert workers_of(asked[1]) == []
    finally:
        supervisor.close()
        served.close()


def test_one_that_does_not_answer_is_a_result_too() -> None:
    state = ask("http://127.0.0.1:1/metrics")
    assert (state.address, state.answers, state.ready) == ("http://127.0.0.1:1", False, False)
    assert (figures.process(state).kind, state.waiting_for) == ("process", "no answer (URLError)")


def test_what_the_observer_counts_are_the_dead_letters_once_it_has_read_them() -> None:
    registry = CollectorRegistry()
    metrics = ObserverMetrics(registry)
    metrics.open.show({("streams", "wrong_key"): 2, ("streams", "bad_value"): 0})
    server = serve(registry)
    try:
        assert figures.dead_letters(Figures([ask(server.address)])) is None
        metrics.last_success.show({(): 5})
        found = figures.dead_letters(Figures([ask(server.address)]))
        assert found is not None
        assert [(count.reason, count.open, count.oldest_open) for count in found.counts] == [("wrong_key", 2, None)]
    finally:
        server.close()


def test_processes_are_named_in_a_file_as_prometheus_has_it_and_one_by_one(tmp_path: Path) -> None:
    file = tmp_path / "targets.json"
    file.write_text('[{"targets": ["a:1", "b:2"], "labels": {"job": "sinks"}}, {"targets": []}]', "utf-8")
    configured = Settings.model_validate({"metrics": {"targets": str(file)}})
    assert Whom(("http://c:3", "http://a:1")).addresses(configured) == {
        "http://a:1": "sinks",
        "http://b:2": "sinks",
        "http://c:3": "process",
    }
    assert Whom().addresses(Settings()) == {}


@pytest.mark.parametrize("text", [None, "{", '{"targets": []}', "\xff"])
def test_a_list_that_cannot_be_read_is_a_line_that_says_how_it_should_look(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "targets.json"
    if text is not None:
        file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match=r"targets\.json: (cannot be read|not a list of targets)"):
        Whom(targets=file).addresses(Settings())


def test_the_object_for_programs_has_the_fields_that_its_page_lists() -> None:
    page = Path(__file__).resolve().parents[2].joinpath("docs", "status.md").read_text("utf-8")
    table = page.partition("## For programs")[2]
    named = {
        name for cell in re.findall(r"^\| (`[^|]+) \|", table, flags=re.MULTILINE) for name in re.findall(r"\w+", cell)
    }
    seen = of_receiver(state="unreachable")
    shown = json.loads(as_json(seen, findings(seen)))
    assert set(shown) == named
    for part in (shown["findings"][0], shown["sources"][0], shown["streams"], shown["receivers"][0]):
        assert set(part) <= set(re.findall(r"`(\w+)`", table))
    assert shown["healthy"] is False
