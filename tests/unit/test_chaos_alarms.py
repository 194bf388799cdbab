"""The rules are made faster as a whole; the page tells which alert told of which fault, and how soon."""

from pathlib import Path

import pytest
import yaml

from local.chaos.alarm_page import Seen, page
from local.chaos.alarm_rules import FASTER, faster, shorter, write_faster
from local.chaos.alarm_trials import trials
from tests.alert_rules import PROMETHEUS, alerts


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(a_total[5m])", "rate(a_total[15s])"),
        ("a offset 1h", "a offset 180s"),
        ("time() - a > 300", "time() - a > 15"),
        ("a_lag_seconds < 600 and b >= 5", "a_lag_seconds < 30 and b >= 5"),
        ("a_lag_records > 10000", "a_lag_records > 10000"),
        ('a_seconds_bucket{le="58.7747"} > 2 * 0.01', 'a_seconds_bucket{le="58.7747"} > 2 * 0.01'),
        ("time() - a > 3 * 86400", "time() - a > 3 * 4320"),
    ],
)
def test_what_is_a_duration_is_divided_and_nothing_else(expression: str, expected: str) -> None:
    assert FASTER == 20
    assert faster(expression) == expected


def test_a_duration_does_not_become_nothing() -> None:
    assert [shorter(each) for each in ("5m", "1d", "15s")] == ["15s", "4320s", "1s"]


def test_every_rule_is_there_faster(tmp_path: Path) -> None:
    files = write_faster(tmp_path)
    assert {file.name for file in files} == {file.name for file in (PROMETHEUS / "rules").glob("*.yml")}
    groups = [group for file in files for group in yaml.safe_load(file.read_text("utf-8"))["groups"]]
    assert {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule} == alerts().keys()


def test_every_fault_is_told_by_alerts_that_there_are() -> None:
    names = [trial.name for trial in trials()]
    assert len(set(names)) == len(names)
    assert {alert for trial in trials() for alert in trial.expected} <= alerts().keys()


def test_the_page_tells_what_was_seen() -> None:
    text = page(
        [
            Seen("nothing", (), {}, True),
            Seen(
                "PostgreSQL: away", ("ReceiverUnreachable",), {"ReceiverUnreachable": 17.4, "ProcessDown": 20.0}, True
            ),
            Seen("utility: away", ("SourceNotAnswering",), {}, False),
        ]
    )
    assert "2 of 3 as they must be" in text
    assert "| nothing | nothing, as it must be | | |  |" in text
    after = "[ProcessDown](runbooks/ProcessDown.md) 20 s"
    told = f"[ReceiverUnreachable](runbooks/ReceiverUnreachable.md) | 17 s | 6 min | {after}"
    assert f"| PostgreSQL: away | {told} |" in text
    assert "| utility: away | **nothing** | | |  |" in text
