"""The Prometheus of this system: it scrapes, evaluates rules and answers; it goes with its stop."""

from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import TypeVar

import pytest

from local.process import ServiceError
from local.prometheus import PrometheusServer, QueryError, Scraping
from local.prometheus_programs import program

pytestmark = pytest.mark.services

T = TypeVar("T")

RULES = """
groups:
  - name: test
    rules:
      - alert: Up
        expr: up == 1
        annotations: {summary: "{{ $labels.job }} is up"}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    """A server that scrapes itself."""
    try:
        program("prometheus")
    except ServiceError as error:
        pytest.skip(str(error))
    directory = tmp_path_factory.mktemp("prometheus")
    rules = directory / "rules.yml"
    rules.write_text(RULES, "utf-8")
    server = PrometheusServer(directory / "data", Scraping(rules=[rules]))
    server.prepare()
    server.scrape(Scraping(jobs={"itself": [f"127.0.0.1:{server.port}"]}, rules=[rules]))
    with server:
        yield server
    assert not server.alive


def test_what_it_scrapes_can_be_asked_for(server: PrometheusServer) -> None:
    assert until(lambda: server.query('up{job="itself"}'))[0].value == 1
    assert server.query("1 + 1")[0].value == 2


def test_a_rule_fires_with_what_it_says(server: PrometheusServer) -> None:
    (alert,) = until(server.alerts)
    assert (alert.name, alert.state, alert.annotations) == ("Up", "firing", {"summary": "itself is up"})


def test_a_query_that_is_none_is_refused_with_the_reason(server: PrometheusServer) -> None:
    with pytest.raises(QueryError, match="unclosed"):
        server.query("sum(")


def test_a_program_that_is_nowhere_is_named_with_the_way_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("METERSTREAM_CACHE", str(tmp_path))
    with pytest.raises(ServiceError, match=r"promtool is not installed: python -m local\.prometheus_programs"):
        program("promtool")


def until(look: Callable[[], tuple[T, ...]]) -> tuple[T, ...]:
    """What is found within half a minute."""
    end = monotonic() + 30
    while not (found := look()) and monotonic() < end:
        sleep(0.1)
    return found
