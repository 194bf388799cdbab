"""What `meterstream status` and `top` find wrong: one pure function, case by case."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.status.finding import SEVERITIES, span
from operations.status.findings import findings, healthy
from operations.status.snapshot import Disk
from tests.snapshots import (
    HOUR,
    MINUTE,
    NOW,
    WELL,
    of_letters,
    of_points,
    of_processes,
    of_reader,
    of_receiver,
    of_source,
    of_streams,
    process,
    reader,
)


def test_a_system_in_which_all_is_well_has_no_finding() -> None:
    assert findings(WELL) == ()


ROOT = Path(__file__).resolve().parents[2]
CASES = {
    "the utility refuses us": (of_source(authorised=False, answered_at=NOW - HOUR), "page", "SourceUnauthorised"),
    "a source is stopped": (of_source(stopped=True), "page", "SourceStopped"),
    "a source has not answered for an hour": (of_source(answered_at=NOW - HOUR), "ticket", "SourceNotAnswering"),
    "a month source may be silent for its hour": (of_source(every=HOUR, answered_at=NOW - 2 * HOUR), None, None),
    "a folder is silent until files come": (of_source(every=None, answered_at=NOW - 9 * HOUR), None, None),
    "a source that has not answered yet": (of_source(answered_at=None), None, None),
    "a missing night": (of_points(late=40), "page", "FeedMissing"),
    "some late points": (of_points(late=1), "ticket", "CompletenessBurnsSlowly"),
    "a late point of many": (of_points(late=1, awaited=1_000), "info", None),
    "failing points": (of_points(failing=2), "ticket", "PointsFailing"),
    "overdue polls": (of_points(overdue=21), "ticket", "SourceNotPolled"),
    "an old token": (of_source(token_expires_at=NOW - HOUR), "ticket", "TokenNotRenewed"),
    "an old token, and nothing to ask": (
        of_source(token_expires_at=NOW - HOUR, points={"configured": 40, "due": 0}),
        None,
        None,
    ),
    "a few overdue polls": (of_points(overdue=2), None, None),
    "a worker starts": (of_receiver(state="starting"), "ticket", "ReceiverNotStarting"),
    "a canary of a source that nobody polls": (
        replace(of_receiver(canaries={"gone": NOW - HOUR}), sources=WELL.sources),
        None,
        None,
    ),
    "a token that will expire": (of_source(token_expires_at=NOW + MINUTE), None, None),
    "streams is stopped": (of_streams(stopped=True), "page", "StreamsStopped"),
    "a state is loaded": (of_streams(recovering=1), "info", None),
    "no worker of streams": (of_reader(reader("streams", lag=3, members=0)), "page", "StreamsAbsent"),
    "streams is behind": (of_reader(reader("streams", lag=20_000, members=2)), "ticket", "StreamsLagging"),
    "streams has something in hand": (of_reader(reader("streams", lag=900, members=2)), None, None),
    "streams is past the end": (of_reader(reader("streams", members=2, beyond=(1,))), "page", None),
    "a receiver is past the end": (of_reader(reader("vitec", beyond=(1,))), "page", None),
    "a database is away": (of_receiver(state="unreachable", behind=9 * HOUR), "page", "ReceiverUnreachable"),
    "a receiver is stopped": (of_receiver(state="stopped"), "page", "ReceiverStopped"),
    "a receiver is paused": (of_receiver(state="paused", behind=HOUR, canaries={"hours": NOW - HOUR}), "info", None),
    "a receiver waits for go-live": (of_receiver(state="waiting", row_at=None), "info", None),
    "a receiver is retired": (of_receiver(state="retired"), "info", None),
    "a receiver is behind": (of_receiver(behind=HOUR), "page", "ReceiverLagging"),
    "a canary is lost": (of_receiver(canaries={"hours": NOW - HOUR, "days": NOW}), "page", "CanaryLost"),
    "no canary yet": (of_receiver(canaries=None), None, None),
    "points are mapped": (of_receiver(second_pass=9), "info", None),
    "a worker is held": (
        replace(of_receiver(workers=0, supervised=False), processes=WELL.processes[:2]),
        "page",
        "ReceiverAbsent",
    ),
    "dead letters": (of_letters("bad_value", 3), "ticket", "DeadLettersRising"),
    "an answer that is asked for again": (of_letters("unreadable_response", 3), "info", None),
    "old dead letters": (of_letters("bad_value", 3, since=NOW - 100 * HOUR), "ticket", "DeadLettersOld"),
    "parked dead letters": (of_letters("bad_value", 0, parked=3), "info", "DeadLettersParked"),
    "Kafka is away": (replace(WELL, progress=None, dead_letters=None, trouble="Kafka is away"), "page", None),
    "a replica is missing": (replace(WELL, under_replicated=3), "ticket", "UnderReplicated"),
    "a disk is filling": (replace(WELL, disks=(Disk("1", 100.0, 15.0),)), "ticket", "BrokerDiskFilling"),
    "a disk is full": (replace(WELL, disks=(Disk("1", 100.0, 5.0),)), "page", "BrokerDiskFull"),
    "a process is down": (
        of_processes(*WELL.processes, process(answers=False, ready=False, waiting_for="no answer")),
        "ticket",
        "ProcessDown",
    ),
    "a process waits": (
        of_processes(*WELL.processes, process("streams", ready=False, waiting_for="joining")),
        "ticket",
        None,
    ),
    "nobody polls": (of_processes(process("streams"), process("receiver vitec")), "page", "SourceAbsent"),
    "no streams": (of_processes(process("source hours"), process("receiver vitec")), "page", "StreamsAbsent"),
    "nobody delivers": (of_processes(process("source hours"), process("streams")), "page", "ReceiverAbsent"),
    "nobody was asked": (of_processes(), "info", None),
    "two releases": (of_processes(*WELL.processes, process(version="2.0")), "info", None),
}


@pytest.mark.parametrize("case", CASES)
def test_a_case_has_the_one_finding_that_it_should(case: str) -> None:
    seen, severity, alert = CASES[case]
    found = findings(seen)
    assert [(each.severity, each.alert) for each in found] == ([] if severity is None else [(severity, alert)])
    assert healthy(found) == (severity in (None, "info"))
    assert all(each.next for each in found), "each says what to do next"


def test_the_page_about_the_status_has_a_line_for_each_finding_and_names_no_other() -> None:
    page = ROOT.joinpath("docs", "status.md").read_text("utf-8")
    table = page.partition("| finding | severity |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([A-Z]\w+)`", table)) == {alert for _, _, alert in CASES.values() if alert}


def test_each_finding_that_names_an_alert_names_one_that_there_is_with_its_runbook() -> None:
    rules = "".join(file.read_text("utf-8") for file in ROOT.joinpath("deploy", "prometheus", "rules").glob("*.yml"))
    alerts = set(re.findall(r"- alert: (\w+)", rules))
    named = {alert for _, _, alert in CASES.values() if alert}
    assert named <= alerts
    assert all(ROOT.joinpath("docs", "runbooks", f"{alert}.md").exists() for alert in named)


def test_a_test_stage_is_worth_no_page() -> None:
    found = findings(of_receiver(name="vitec.test", test=True, state="unreachable"))
    assert ("ticket", "ReceiverUnreachable") in [(each.severity, each.alert) for each in found]
    assert not [each for each in found if each.severity == "page"]
    paused = findings(replace(of_receiver(name="v.test", test=True, state="paused"), processes=()))
    assert paused[0].next == "meterstream receivers resume v --stage test"


def test_a_process_that_waits_for_what_is_known_is_not_said_twice() -> None:
    seen = replace(of_receiver(state="paused"), processes=(*WELL.processes[:2], process("receiver vitec", ready=False)))
    assert [each.text for each in findings(seen)] == ["paused"]


@given(st.lists(st.sampled_from(sorted(CASES)), max_size=6))
def test_the_worst_comes_first_and_what_was_found_in_a_part_is_found_in_the_whole(cases: list[str]) -> None:
    """Troubles of several sources do not hide each other."""
    sources = tuple(
        replace(source, name=f"s{number}") for number, case in enumerate(cases) for source in CASES[case][0].sources
    )
    about = tuple(f"source {source.name}" for source in sources)
    seen = replace(WELL, sources=sources, processes=(process(*about), process("streams"), process("receiver vitec")))
    found = findings(seen)
    assert [each.severity for each in found] == sorted((each.severity for each in found), key=SEVERITIES.index)
    alone = sum(len(findings(replace(seen, sources=(source,)))) for source in sources)
    assert len(found) == alone


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0 s"), (45, "45 s"), (119, "119 s"), (120, "2 min"), (7_200, "2 h"), (200_000, "2 d")]
)
def test_spans_are_said_shortly(seconds: float, text: str) -> None:
    assert span(seconds) == text
