"""The dashboards as they lie in the repository, and what Grafana would ask Prometheus for them."""

import itertools
import json
import math
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.prometheus import PrometheusServer
from tests.expressions import RULES

DASHBOARDS = RULES.parents[1] / "grafana" / "dashboards"
BOARDS: dict[str, dict[str, Any]] = {
    file.stem: json.loads(file.read_text("utf-8")) for file in DASHBOARDS.glob("*.json")
}
RATE_INTERVAL = "15s"
"""For a scrape each second."""
STEP_SECONDS = 1.0
OF_SOME_CHOICES = {"Token expires", "Token's age"}
"""Panels with data for some choices alone: a source that shows a key has no token."""


@dataclass(frozen=True)
class Asked:
    """One query of a board. ``instant``: it asks for the newest value alone."""

    board: str
    title: str
    expression: str
    instant: bool


def panels(name: str) -> list[dict[str, Any]]:
    """Those of a board that show something."""
    return [panel for panel in BOARDS[name]["panels"] if panel["type"] != "row"]


def queries(name: str) -> Iterator[Asked]:
    """Every query of a board: of its panels, and of the marks in its graphs."""
    for panel in panels(name):
        for target in panel["targets"]:
            yield Asked(name, panel["title"], target["expr"], target["instant"])
    for mark in BOARDS[name]["annotations"]["list"]:
        yield Asked(name, mark["name"], mark["target"]["expr"], instant=False)


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with values for its variables."""
    known = {"__rate_interval": RATE_INTERVAL, **values}
    return re.sub(r"\$\{?(\w+)\}?", lambda found: known[found[1]], text)


def taken_from(variable: Mapping[str, Any]) -> tuple[str, str]:
    """The series and the label that a variable's values are those of."""
    found = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"])
    assert found, variable["query"]
    return found[1], found[2]


def choices(server: PrometheusServer, name: str) -> list[dict[str, str]]:
    """Everything that a reader of a board can choose: a value for each of its variables, those before it chosen."""
    chosen: list[dict[str, str]] = [{}]
    for variable in BOARDS[name]["templating"]["list"]:
        if variable["type"] != "query":
            continue
        series, label = taken_from(variable)
        offered = [server.query(f"group by ({label}) ({filled(series, before)})") for before in chosen]
        chosen = [
            {**before, label: sample.labels[label]}
            for before, samples in zip(chosen, offered, strict=True)
            for sample in samples
        ]
    return chosen


def unanswered(server: PrometheusServer, asked: Iterable[Asked], since: float) -> list[Asked]:
    """Those of the queries that give nothing for some choice, or no number for any of them.

    Args:
        server: it scrapes the running system.
        asked: the queries.
        since: unix seconds; graphs are asked for what was from then on.
    """
    chosen = {name: choices(server, name) for name in BOARDS}
    return [each for each in asked if not _answered(server, each, chosen[each.board], since)]


def _answered(server: PrometheusServer, asked: Asked, chosen: Sequence[Mapping[str, str]], since: float) -> bool:
    answers = [values(server, filled(asked.expression, each), asked.instant, since) for each in chosen]
    enough = any if asked.title in OF_SOME_CHOICES else all
    return enough(answers) and not all(math.isnan(number) for number in itertools.chain(*answers))


def values(server: PrometheusServer, expression: str, instant: bool, since: float) -> list[float]:
    """Every number of an answer."""
    if instant:
        return [sample.value for sample in server.query(expression)]
    return list(itertools.chain(*server.query_range(expression, since, time.time(), STEP_SECONDS).values()))


def quick_rules(directory: Path) -> list[Path]:
    """The rules, evaluated each second instead of each minute: nobody waits for them in a test."""
    made = []
    for file in RULES.glob("*.yml"):
        text = re.sub(r"^( +interval:) \w+$", r"\1 1s", file.read_text("utf-8"), flags=re.MULTILINE)
        made.append(directory / file.name)
        made[-1].write_text(text, "utf-8")
    return made
