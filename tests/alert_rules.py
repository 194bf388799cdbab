"""The rules of deploy/prometheus, and the tests that promtool runs of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PROMETHEUS = ROOT / "deploy" / "prometheus"
RUNBOOKS = ROOT / "docs" / "runbooks"
TESTS = sorted((PROMETHEUS / "tests").glob("*.yml"))


def rules() -> Iterator[dict[str, Any]]:
    """Every rule, recording or alerting, as it stands in its file."""
    for file in sorted((PROMETHEUS / "rules").glob("*.yml")):
        for group in yaml.safe_load(file.read_text("utf-8"))["groups"]:
            yield from group["rules"]


def alerts() -> dict[str, dict[str, Any]]:
    """Every alerting rule, by its name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def judgements() -> Iterator[tuple[str, bool]]:
    """An alert's name for each moment of a test, and whether it must fire then."""
    for file in TESTS:
        for test in yaml.safe_load(file.read_text("utf-8"))["tests"]:
            for judged in test.get("alert_rule_test", ()):
                yield judged["alertname"], bool(judged.get("exp_alerts"))
