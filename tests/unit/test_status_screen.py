"""The one screen of `meterstream status` and `top`, drawn from what was seen."""

from dataclasses import replace
from io import StringIO

from rich.console import Console

from operations.status.findings import findings
from operations.status.screen import Screen
from operations.status.snapshot import Snapshot
from tests.snapshots import NOW, RECEIVER, SOURCE, WELL, of_letters, of_receiver, of_streams


def drawn(seen: Snapshot, before: Snapshot | None = None, width: int = 80, height: int | None = None) -> list[str]:
    paper = StringIO()
    console = Console(file=paper, width=width, height=height, force_terminal=False)
    console.print(Screen(seen, findings(seen), before).drawn(None if height is None else (width, height)))
    return paper.getvalue().splitlines()


def test_all_is_well_in_the_headline_and_there_is_nothing_to_do() -> None:
    lines = drawn(WELL)
    assert lines[0].endswith("healthy")
    assert lines[-1].strip() == "nothing"


def test_what_is_wrong_stands_last_with_what_to_do_the_worst_first() -> None:
    seen = replace(of_receiver(state="unreachable"), dead_letters=of_letters("bad_value", 3).dead_letters)
    lines = drawn(seen, width=160)
    assert "NOT HEALTHY: 1 page, 1 ticket" in lines[0]
    page, ticket = lines[-2:]
    assert page.split()[0] == "page"
    assert page.rstrip().endswith("runbook ReceiverUnreachable")
    assert ticket.rstrip().endswith("meterstream dead-letters summary")


def test_what_flows_is_said_per_second_since_the_look_before() -> None:
    before = replace(
        WELL,
        at=NOW - 2,
        sources=(replace(SOURCE, polled=0.0),),
        receivers=(replace(RECEIVER, written=99.0),),  # its worker was started again meanwhile
    )
    shown = "\n".join(drawn(WELL, before))
    hours = next(line for line in shown.splitlines() if line.startswith("hours"))
    vitec = next(line for line in shown.splitlines() if line.startswith("vitec"))
    assert hours.split()[-1] == "5.0"
    assert vitec.split()[-3] == "–"


def test_a_system_of_any_size_fits_a_terminal_of_80_by_24() -> None:
    names = [f"a-rather-long-name-of-{number}" for number in range(60)]
    seen = replace(
        WELL,
        sources=tuple(replace(SOURCE, name=name, authorised=False) for name in names),
        receivers=tuple(replace(RECEIVER, name=name) for name in names),
    )
    for height in (24, 40, 60):
        lines = drawn(seen, seen, 80, height)
        assert len(lines) <= height
        assert max(map(len, lines)) <= 80
        assert sum("more" in line for line in lines) == 3


def test_room_that_receivers_do_not_need_is_the_sources() -> None:
    seen = replace(
        of_letters("bad_value", 3),
        sources=tuple(replace(SOURCE, name=f"s{number}", points={"late": 9, "awaited": 9}) for number in range(3)),
        receivers=tuple(replace(RECEIVER, name=f"r{number}") for number in range(2)),
        processes=(),
    )
    assert not any("more" in line for line in drawn(seen, height=24))


def test_where_not_all_fit_those_with_something_wrong_stand_first() -> None:
    others = tuple(replace(RECEIVER, name=f"r{number}") for number in range(40))
    seen = replace(WELL, receivers=(*others, replace(RECEIVER, state="stopped")))
    shown = drawn(seen, height=24)
    first = next(number for number, line in enumerate(shown) if line.startswith("receiver ")) + 1
    assert shown[first].startswith("vitec  ")


def test_held_values_and_unknown_figures_are_said_as_they_are() -> None:
    shown = "\n".join(drawn(of_streams(held={"negative_delta": 2, "unit_changed": 1})))
    assert "held         3 (negative_delta 2, unit_changed 1)" in shown
    away = "\n".join(drawn(replace(WELL, progress=None, dead_letters=None, trouble="Kafka is away", sources=())))
    assert "cluster: Kafka is away" in away
    assert "dead letters –" in away
