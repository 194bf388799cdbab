"""The ledger: a line per new content, the truth in its last lines, and a restart that goes on."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from local.utility.coverage import Coverage
from local.utility.faults import IN_A_ROW, Faults
from local.utility.ledger import Ledger
from local.utility.readings import BROKEN
from local.utility.settings import FaultRates
from local.utility.world import World
from tests.utility_worlds import EVER, told, world

Opener = Callable[[World, Path], Ledger]


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Opens ledgers, and closes them after the test."""
    with ExitStack() as stack:

        def open_one(here: World, path: Path) -> Ledger:
            return stack.enter_context(closing(Ledger(here, path)))

        yield open_one


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def serve(here: World, ledger: Ledger, request: int) -> None:
    for feed in here.feeds:
        for number in range(here.settings.points):
            ledger.record(request, [here.answer(feed, number, *EVER)])


def truth(path: Path) -> dict[tuple[object, ...], tuple[object, ...]]:
    found: dict[tuple[object, ...], tuple[object, ...]] = {}
    for line in lines(path):
        key = (line["feed"], line["point"], line["category"], line["reading_date"])
        if line["kind"] == "reading" and not line["superseded"]:
            found[key] = (line["unit"], line["consumption"], line["method"])
    return found


def now(here: World) -> dict[tuple[object, ...], tuple[object, ...]]:
    """What the world says of every readable identity, from the bodies themselves."""
    found: dict[tuple[object, ...], tuple[object, ...]] = {}
    for feed, point, reading in spoken(here):
        text = json.dumps(reading, ensure_ascii=False)
        if not is_broken(text):
            method = reading.get("ReadingMethod")
            key = (feed, point, reading["DeliveryCategory"], reading["ReadingDate"])
            found[key] = (reading["Unit"], reading["Consumption"], method)
    return found


def spoken(here: World) -> Iterator[tuple[str, str, dict[str, object]]]:
    for feed in here.feeds:
        for number in range(here.settings.points):
            answer = here.answer(feed, number, *EVER)
            for reading in told(answer):
                yield feed, answer.meter.metering_point, reading


def is_broken(text: str) -> bool:
    marks = ('"abc"', "1e400", "7731773177", "567877313", '41,7731"', "-13-45", "i går", "\\u0000", "xxxx")
    missing = '"Consumption"' not in text or '"ReadingDate"' not in text
    return missing or any(mark in text for mark in marks) or '"Unit": ""' in text or '"Unit": "5"' in text


def test_the_last_lines_are_what_was_said_last(tmp_path: Path, opened: Opener) -> None:
    here = world(points=12)
    ledger = opened(here, tmp_path / "ledger")
    for request in range(1, 20):
        serve(here, ledger, request)
        here.advance(4)
    serve(here, ledger, 20)
    assert truth(tmp_path / "ledger") == now(here)
    counts = ledger.counts
    assert counts["corrections"] > 50
    assert counts["fixed"] > 0
    assert {name for name in counts if name.startswith("broken:")} == {f"broken:{kind}" for kind in BROKEN}


def test_saying_the_same_again_writes_nothing(tmp_path: Path, opened: Opener) -> None:
    here = world(points=12)
    ledger = opened(here, tmp_path / "ledger")
    serve(here, ledger, 1)
    written = ledger.serial
    serve(here, ledger, 2)
    assert ledger.serial == written == len(lines(tmp_path / "ledger"))


def test_broken_lines_carry_what_was_served_and_the_reason_it_must_get(tmp_path: Path, opened: Opener) -> None:
    here = world(points=30)
    ledger = opened(here, tmp_path / "ledger")
    serve(here, ledger, 1)
    bodies = "".join(here.answer(feed, number, *EVER).json for feed in here.feeds for number in range(30))
    broken = [line for line in lines(tmp_path / "ledger") if line["kind"] == "broken"]
    assert len(broken) > 50
    assert all(str(line["original"]) in bodies for line in broken)
    assert all(line["dead_letter"] == BROKEN[str(line["broken"])] for line in broken)


def test_an_older_answer_that_ends_later_is_superseded(tmp_path: Path, opened: Opener) -> None:
    here = world(points=12)
    ledger = opened(here, tmp_path / "ledger")
    old = [here.answer("hours", number, *EVER) for number in range(12)]
    here.advance(40)
    new = [here.answer("hours", number, *EVER) for number in range(12)]
    ledger.record(2, new)
    settled = truth(tmp_path / "ledger")
    ledger.record(1, old)
    assert any(line["superseded"] for line in lines(tmp_path / "ledger"))
    assert truth(tmp_path / "ledger") == settled
    before = ledger.serial
    ledger.record(3, new)
    assert ledger.serial == before


def test_a_restarted_ledger_goes_on_where_it_was_cut(tmp_path: Path, opened: Opener) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    here = world(points=12)
    first, second = opened(here, whole), Ledger(here, cut)
    for ledger in (first, second):
        serve(here, ledger, 1)
    second.close()
    with cut.open("ab") as file:
        file.write(b'{"serial":99999,"torn')
    later = world(points=12, tick=40)
    again = opened(later, cut)
    assert (again.serial, again.last_request) == (first.serial, 1)
    assert again.counts == first.counts
    here.advance(40)
    serve(here, first, 2)
    serve(later, again, 2)
    plain = [[line | {"served_at": None} for line in lines(path)] for path in (whole, cut)]
    assert plain[0] == plain[1]


def test_faults_never_starve_a_point() -> None:
    faults = Faults(FaultRates(too_many=0.2, error_500=0.2, cut=0.05), seed=1)
    row = longest = 0
    seen = set()
    for _ in range(5000):
        fault = faults.choose("hours", 1)
        seen.add(fault)
        row = row + 1 if fault else 0
        longest = max(longest, row)
    assert longest == IN_A_ROW
    assert {"too_many", "error_500", "cut", None} <= seen


def test_faults_are_those_of_the_seed() -> None:
    rates = FaultRates(slow=0.3)
    decks = [Faults(rates, seed) for seed in (1, 1, 2)]
    dealt = [[deck.choose("hours", number) for number in range(200)] for deck in decks]
    assert dealt[0] == dealt[1] != dealt[2]


def test_pending_falls_to_nought_when_all_that_may_have_changed_was_told() -> None:
    here = world(points=2)
    coverage = Coverage(here)
    assert coverage.pending() is None
    coverage.begin()
    assert coverage.pending() == 6
    for feed in here.feeds:
        coverage.note(here.answer(feed, 0, *EVER))
        coverage.note(here.answer(feed, 0, *EVER))
    assert coverage.pending() == 3
    middle = EVER[0].replace(2026, 3, 4)
    coverage.note(here.answer("hours", 1, EVER[0], middle))
    assert coverage.pending() == 3
    coverage.note(here.answer("hours", 1, middle, EVER[1]))
    assert coverage.pending() == 2
    coverage.end()
    assert coverage.pending() is None
