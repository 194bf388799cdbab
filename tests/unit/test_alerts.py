"""Each alert says how bad it is and what to do, asks for what there is, and was seen firing and silent."""

import re
import shlex
from collections import Counter

import pytest
import yaml

from tests import expressions
from tests.alert_rules import PROMETHEUS, ROOT, RUNBOOKS, alerts, judgements, rules
from tests.commands import parse

ALERTS = alerts()
JUDGED = set(judgements())
ALWAYS = {"Watchdog"}
"""Fires for ever: it is never silent."""
SEVERITIES = {"page", "ticket", "info"}
BY_STAGE = re.compile(r'\{\{ if eq \$labels\.stage "test" \}\}(\w+)\{\{ else \}\}(\w+)\{\{ end \}\}')
SECTIONS = ["What it means", "What customers notice", "How to see the cause", "What to do", "When it is over"]
every_alert = pytest.mark.parametrize("name", ALERTS)


def severities(name: str) -> set[str]:
    """Those that an alert may have, by the receiver's stage."""
    severity = ALERTS[name]["labels"]["severity"]
    found = BY_STAGE.fullmatch(severity)
    return {severity} if found is None else set(found.groups())


def test_each_has_a_name_of_its_own() -> None:
    names = Counter(rule["alert"] for rule in rules() if "alert" in rule)
    assert names.most_common(1)[0][1] == 1


@every_alert
def test_it_says_how_bad_it_is_and_what_is_the_matter(name: str) -> None:
    assert severities(name) <= SEVERITIES
    annotations = ALERTS[name]["annotations"]
    assert set(annotations) == {"summary", "description", "runbook_url"}
    assert re.fullmatch(r"[A-Z{].{20,110}\.", annotations["summary"]), annotations["summary"]
    assert annotations["description"].rstrip().endswith(".")


@every_alert
def test_a_test_stage_wakes_nobody(name: str) -> None:
    """Whatever speaks of a receiver's stage is worth less where that is ``test``."""
    found = BY_STAGE.fullmatch(ALERTS[name]["labels"]["severity"])
    if "stage" in ALERTS[name]["annotations"]["summary"] and "receiver" in ALERTS[name]["annotations"]["summary"]:
        assert found is not None or severities(name) == {"info"}
    if found is not None:
        assert found.groups() in {("ticket", "page"), ("info", "ticket")}


@every_alert
def test_its_runbook_is_there(name: str) -> None:
    runbook = RUNBOOKS / f"{name}.md"
    assert ALERTS[name]["annotations"]["runbook_url"] == str(runbook.relative_to(ROOT))
    text = runbook.read_text("utf-8")
    assert text.startswith(f"# {name}\n")
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == SECTIONS
    assert f"severity: {' or '.join(sorted(severities(name)))}" in text


def test_no_runbook_is_of_an_alert_that_there_is_not() -> None:
    assert {file.stem for file in RUNBOOKS.glob("*.md")} == ALERTS.keys() | {"README"}


def test_the_list_of_runbooks_names_each_under_its_severity() -> None:
    listed: list[str] = []
    for line in (RUNBOOKS / "README.md").read_text("utf-8").splitlines():
        names = re.findall(r"\]\((\w+)\.md\)", line) if line.startswith("| ") else []
        assert all(severities(name) == set(line.split("|")[1].strip().split(", ")) for name in names)
        listed += names
    assert sorted(listed) == sorted(ALERTS)


@every_alert
def test_its_runbook_gives_commands_queries_and_links_that_work(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text("utf-8")
    for kind, block in re.findall(r"^```(\w+)\n(.+?)^```$", text, flags=re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if kind == "sh":
                parse(shlex.split(line))
            else:
                assert expressions.troubles(line) == []
    for command in re.findall(r"`(meterstream \w[^`]*|python -m \w[^`]*)`", text):
        parse(shlex.split(command))
    for file, anchor in re.findall(r"\]\(([^)#]+)(?:#([^)]+))?\)", text):
        target = RUNBOOKS / file
        assert target.exists(), file
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), flags=re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_what_status_finds_has_a_runbook() -> None:
    said = "".join(file.read_text("utf-8") for file in (ROOT / "operations" / "status").glob("*findings.py"))
    named = set(re.findall(r'"([A-Z][a-z]+[A-Z]\w+)"', said))
    assert len(named) > 10
    assert named <= ALERTS.keys()


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_it_asks_for_series_and_labels_that_there_are(rule: dict[str, str]) -> None:
    assert expressions.troubles(rule["expr"]) == []


@every_alert
def test_it_was_seen_firing_and_silent(name: str) -> None:
    seen = {fired for judged, fired in JUDGED if judged == name}
    assert True in seen
    assert False in seen or name in ALWAYS


def test_tests_are_of_alerts_that_there_are() -> None:
    assert {name for name, _ in JUDGED} == ALERTS.keys()


def test_every_severity_has_someone_to_tell_and_every_inhibition_means_an_alert() -> None:
    settings = yaml.safe_load((PROMETHEUS / "alertmanager.yml").read_text("utf-8"))
    receivers = {receiver["name"] for receiver in settings["receivers"]}
    routed = {matcher for route in settings["route"]["routes"] for matcher in route["matchers"]}
    assert {f"severity = {severity}" for severity in SEVERITIES} <= routed
    assert {route["receiver"] for route in settings["route"]["routes"]} == receivers
    for rule in settings["inhibit_rules"]:
        assert matched(rule["source_matchers"][0]), rule
        assert matched(rule["target_matchers"][0]), rule


def test_what_inhibits_is_at_least_as_bad() -> None:
    """Nobody sleeps on because of a ticket."""
    worst = {name: min(("page", "ticket", "info").index(each) for each in severities(name)) for name in ALERTS}
    settings = yaml.safe_load((PROMETHEUS / "alertmanager.yml").read_text("utf-8"))
    for rule in settings["inhibit_rules"]:
        source, target = (matched(rule[which][0]) for which in ("source_matchers", "target_matchers"))
        assert max(worst[name] for name in source) <= min(worst[name] for name in target), rule


def matched(matcher: str) -> list[str]:
    """The alerts that a matcher of their names means."""
    pattern = matcher.partition("=~" if "=~" in matcher else "=")[2].strip().strip('"')
    return [name for name in ALERTS if re.fullmatch(pattern, name)]


def test_tests_evaluate_groups_in_one_order() -> None:
    """Where none is given promtool takes any, and an alert may see what was recorded a minute before."""
    for file in sorted((PROMETHEUS / "tests").glob("*.yml")):
        test = yaml.safe_load(file.read_text("utf-8"))
        read = (yaml.safe_load((file.parent / each).read_text("utf-8")) for each in test["rule_files"])
        groups = [group["name"] for each in read for group in each["groups"]]
        assert len(groups) == 1 or test["group_eval_order"] == groups, file.name
