"""The chart's values: what they may be, and that every one of them is used; and what the chart carries of others."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from deploy.helm import carried, rendering
from deploy.helm.carried import CHART
from deploy.helm.values_schema import values_schema
from runtime.settings.tree import Settings
from tests.compose import ROOT, laid_over

SCHEMA = values_schema()
DEFAULTS: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
TEMPLATES = "\n".join(file.read_text("utf-8") for file in sorted(CHART.rglob("templates/**/*")) if file.is_file())
GIVEN = {name: yaml.safe_load(rendering.values(name).read_text("utf-8")) for name in rendering.VALUE_SETS}


def refused(values: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(values)]


def leaves(node: Any, path: str = "") -> Iterator[str]:
    """Every value that has a default, by its path."""
    for name, value in node.items():
        below = f"{path}.{name}"
        if isinstance(value, dict) and value:
            yield from leaves(value, below)
        else:
            yield below


@pytest.mark.parametrize("values", [{}, *GIVEN.values()], ids=["defaults", *GIVEN])
def test_the_values_that_we_show_are_taken(values: Any) -> None:
    assert refused(laid_over(DEFAULTS, values)) == []


@pytest.mark.parametrize(
    "values",
    [
        {"setings": {}},
        {"settings": {"kafka": {"bootstrap_server": "kafka:9092"}}},
        {"settings": {"topics": {"partitions": "many"}}},
        {"settings": {"sources": {"no spaces": {}}}},
        {"sinks": {"receivers": {"vitec": {"share": 2}}}},
        {"producer": {"shards": 0}},
        {"pods": {"gracePeriod": 20}},
    ],
    ids=str,
)
def test_what_nobody_knows_or_could_mean_is_refused(values: Any) -> None:
    assert refused(values)


def test_a_secret_in_plain_text_is_refused() -> None:
    """The settings become a ConfigMap, which whoever looks at the namespace can read."""
    vitec = GIVEN["small"]["settings"]["receivers"]["vitec"]
    assert refused({"settings": {"receivers": {"vitec": {**vitec, "dsn": "postgresql://us:them@host/receiver"}}}})
    assert refused({"settings": {"kafka": {"sasl": {"password": "a long one"}}}})


def test_every_value_that_a_template_asks_for_has_a_default() -> None:
    known = set(leaves(DEFAULTS)) | {f".settings.{section}" for section in Settings.model_fields}
    for asked in re.findall(r"[.$]Values((?:\.[A-Za-z_]+)+)", TEMPLATES):
        assert any(one == asked or one.startswith(f"{asked}.") for one in known), asked


def test_every_value_that_has_a_default_is_asked_for() -> None:
    whole = set(re.findall(r"[.$]Values((?:\.[A-Za-z_]+)+)", TEMPLATES)) | set(
        re.findall(r"\$values((?:\.[A-Za-z_]+)+)", TEMPLATES)
    )
    short = set(re.findall(r"\boptions\.([A-Za-z]+)", TEMPLATES)) | set(re.findall(r"\.([a-z]+)\b", TEMPLATES))
    for path in leaves(DEFAULTS):
        assert any(path == one or path.startswith(f"{one}.") for one in whole) or path.split(".")[-1] in short, path


def test_every_template_that_is_included_is_there() -> None:
    there = set(re.findall(r'define "([^"]+)"', TEMPLATES))
    asked = set(re.findall(r'include "([^"]+)"', TEMPLATES))
    assert asked == there


def test_what_the_chart_carries_is_current() -> None:
    """Rules, dashboards and the schema of the values: `python -m deploy.helm` writes them."""
    there, wanted = carried.present(), carried.carried()
    other = sorted(file.name for file in there.keys() | wanted.keys() if there.get(file) != wanted.get(file))
    assert not other, "run python -m deploy.helm"


def test_the_chart_is_of_the_release_that_the_code_is() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), flags=re.MULTILINE)
    assert version
    assert chart["appVersion"] == version[1]
