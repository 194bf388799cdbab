"""The table of metrics keeps to Prometheus' conventions and to labels of few values."""

import re
import subprocess
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from local.process import ServiceError
from local.prometheus_programs import program
from runtime.metrics import (
    ObserverMetrics,
    ProcessMetrics,
    ProducerMetrics,
    SinkMetrics,
    StreamsMetrics,
    SupervisorMetrics,
)
from runtime.series import Picture

KINDS = (ProcessMetrics, ProducerMetrics, StreamsMetrics, SinkMetrics, SupervisorMetrics, ObserverMetrics)
BOUNDED = {
    *("source", "receiver", "stage", "state", "reason", "outcome", "cause", "kind", "what"),
    *("topic", "group", "broker", "process", "version"),
}
"""Labels whose values are few, whatever flows. Never one of a metering point."""
NO_BASE_UNIT = re.compile(
    r"_(ms|milliseconds?|us|micros|minutes?|hours?|days?|kb|mb|kib|mib|megabytes|percent|pct)(_|$)"
)


def metrics() -> list[Any]:
    """Every metric of every process."""
    return [metric for kind in KINDS for metric in vars(kind(CollectorRegistry())).values()]


@pytest.mark.parametrize("metric", metrics(), ids=lambda metric: str(metric.describe()[0].name))
def test_each_metric_keeps_to_the_conventions(metric: Any) -> None:
    (described,) = metric.describe()
    assert described.name.startswith("meterstream_")
    assert set(metric._labelnames) <= BOUNDED
    assert not NO_BASE_UNIT.search(described.name)
    assert described.documentation.endswith("."), "a sentence"
    if described.type == "histogram":
        assert re.search(r"_(seconds|records|rows)$", described.name), "the unit of what is observed"
    if described.type == "gauge":
        assert not re.search(r"_(total|count|sum|bucket)$", described.name)
    if "1970" in described.documentation or described.documentation.startswith("When "):
        assert described.name.endswith("_timestamp_seconds")


def test_no_two_metrics_share_a_name_and_one_registry_takes_all() -> None:
    registry = CollectorRegistry()
    for kind in KINDS:
        kind(registry)
    names = [metric.describe()[0].name for metric in metrics()]
    assert len(set(names)) == len(names)
    assert len(list(registry.collect())) == len(names)


def test_promtool_has_nothing_to_say_about_them() -> None:
    try:
        promtool = program("promtool")
    except ServiceError as error:
        pytest.skip(str(error))
    registry = CollectorRegistry()
    for kind in KINDS:
        for metric in vars(kind(registry)).values():
            values = ["x"] * len(metric._labelnames)
            if isinstance(metric, Picture):
                metric.show({tuple(values): 1})
            elif values:
                metric.labels(*values)
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=generate_latest(registry), capture_output=True, check=False
    )
    assert (checked.returncode, checked.stderr.decode()) == (0, "")
