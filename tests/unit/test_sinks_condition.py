"""How a worker is, in one word, and how far behind: also while it waits in a call."""

import math

import pytest
from prometheus_client import CollectorRegistry

from runtime.metrics import SINK_STATES, SinkMetrics, SinkState
from sinks.condition import Behind, Condition

LABELS = {"receiver": "vitec", "stage": "test"}


class Seen:
    """What a scrape finds."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.now = 1_000.0
        metrics = SinkMetrics(self.registry)
        self.condition = Condition(metrics, "vitec", "test")
        self.behind = Behind(metrics, "vitec", "test", lambda: self.now)

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"meterstream_sink_{name}", LABELS | labels)

    def states(self) -> list[SinkState]:
        """Those that are shown as the present one."""
        return [state for state in SINK_STATES if self.value("state", state=state)]


@pytest.fixture
def seen() -> Seen:
    return Seen()


def test_every_state_is_shown_and_one_of_them_is_the_present_one(seen: Seen) -> None:
    assert [seen.value("state", state=state) for state in SINK_STATES] == [1, 0, 0, 0, 0, 0, 0]
    for word in ("waiting", "live", "paused", "retired"):
        seen.condition.word = word
        assert seen.states() == [word]


def test_what_keeps_a_worker_from_its_work_is_shown_for_as_long_as_it_does(seen: Seen) -> None:
    """A stop by too many dead letters is waited for as the database is: it is the better word of both."""
    records, rows = seen.condition.stopped("records"), seen.condition.stopped("rows")
    seen.condition.word = "live"
    seen.condition.waiting.set(1)
    assert (seen.states(), seen.value("waiting")) == (["unreachable"], 1)
    rows.set(1)
    assert (seen.states(), seen.value("stopped", what="rows"), seen.value("stopped", what="records")) == (
        ["stopped"],
        1,
        0,
    )
    records.set(1)
    rows.set(0)
    assert seen.states() == ["stopped"]
    records.set(0)
    seen.condition.waiting.set(0)
    assert (seen.states(), seen.value("waiting")) == (["live"], 0)


def test_before_the_first_look_nobody_knows_how_far_behind_a_worker_is(seen: Seen) -> None:
    assert math.isnan(seen.value("lag_seconds") or 0)
    seen.behind.settled(7)
    assert seen.value("lag_records") == 7
    assert math.isnan(seen.value("lag_seconds") or 0), "none of them was read"
    seen.behind.settled(0)
    assert seen.value("lag_seconds") == 0


def test_the_lag_grows_by_itself_until_what_was_read_is_committed(seen: Seen) -> None:
    seen.behind.settled(0)
    seen.behind.read(None)
    assert seen.value("lag_seconds") == 0
    seen.behind.read(990.0)
    assert seen.value("lag_seconds") == 10
    seen.now = 1_300.0
    assert seen.value("lag_seconds") == 310, "the database is away"
    seen.behind.settled(3)
    assert seen.value("lag_seconds") == 310, "more lies ahead"
    seen.behind.read(1_299.0)
    seen.behind.settled(0)
    seen.behind.begun()
    assert seen.value("lag_seconds") == 1, "read while the one before it was written"
    seen.behind.settled(0)
    assert seen.value("lag_seconds") == 0
