"""What PromQL expressions ask for, and what there is to ask for."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import promql_parser
import yaml

ROOT = Path(__file__).resolve().parents[1]
RULES = ROOT / "deploy" / "prometheus" / "rules"
OF_EVERY_TARGET = {"job", "instance"}
"""Labels that Prometheus gives each series it scrapes."""
OF_PROMETHEUS: dict[str, set[str]] = {
    "up": set(),
    "ALERTS": {"alertname", "alertstate", "severity"},
    "prometheus_rule_evaluation_failures_total": {"rule_group"},
    "prometheus_notifications_errors_total": {"alertmanager"},
    "alertmanager_notifications_failed_total": {"integration"},
}
OF_PYTHON: dict[str, set[str]] = {
    "process_cpu_seconds_total": set(),
    "process_resident_memory_bytes": set(),
    "process_start_time_seconds": set(),
}
PARTS = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


@cache
def known() -> dict[str, set[str]]:
    """Each series that can be asked for, with its labels."""
    found = OF_PROMETHEUS | OF_PYTHON
    for line in (ROOT / "docs" / "metrics.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[0].startswith("`meterstream_"):
            labels = set(re.findall(r"`(\w+)`", cells[2]))
            for part in PARTS[cells[1]]:
                found[cells[0].strip("`") + part] = labels | ({"le"} if part == "_bucket" else set())
    return found


@cache
def recorded() -> set[str]:
    """The names that the recording rules give."""
    groups = (group for file in RULES.glob("*.yml") for group in yaml.safe_load(file.read_text("utf-8"))["groups"])
    return {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}


def selectors(expression: promql_parser.Expr) -> list[promql_parser.VectorSelector]:
    """Every series that an expression asks for, in its order."""
    found: list[promql_parser.VectorSelector] = []

    def note(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        elif isinstance(node, promql_parser.MatrixSelector):
            found.append(node.vector_selector)

    promql_parser.walk(expression, note)
    return found


def grouped(expression: promql_parser.Expr) -> Iterator[tuple[promql_parser.Expr, list[str]]]:
    """What is aggregated, with the labels that are kept."""
    found: list[tuple[promql_parser.Expr, list[str]]] = []

    def note(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            found.append((node.expr, node.modifier.labels))

    promql_parser.walk(expression, note)
    yield from found


def troubles(text: str) -> list[str]:
    """What is wrong with an expression: it does not parse, or asks for a series or a label that there is not."""
    try:
        expression = promql_parser.parse(text)
    except ValueError as error:
        return [f"{text}: {error}"]
    series, rules = known(), recorded()
    wrong = []
    for selector in selectors(expression):
        name = selector.name or ""
        if name not in series and name not in rules:
            wrong.append(f"{name}: no such series")
        elif name in series:
            labels = {matcher.name for matcher in selector.matchers.matchers}
            wrong += [f"{name} has no label {label}" for label in labels - series[name] - OF_EVERY_TARGET]
    for inner, labels_kept in grouped(expression):
        names = {selector.name or "" for selector in selectors(inner)}
        if names <= series.keys():
            offered = set().union(*(series[name] for name in names)) | OF_EVERY_TARGET | _taken_along(inner)
            wrong += [f"{', '.join(names)}: no label {label}" for label in set(labels_kept) - offered]
    return wrong


def _taken_along(expression: promql_parser.Expr) -> set[str]:
    """The labels that ``group_left`` and ``label_replace`` add."""
    found: set[str] = set()

    def note(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.BinaryExpr) and node.modifier is not None:
            found.update(node.modifier.group_labels or [])

    promql_parser.walk(expression, note)
    return found
