"""The dead letters beside what broke: each once by id, none missing, none invented."""

from local.expected import FeedFacts
from local.letters import LettersVerdict, judge_letters
from schemas.events import DeadLetter
from tests.ledger_lines import line
from tests.sample_events import letter

FEEDS = {"days": FeedFacts("u-days", "day", "last-day")}
BROKEN = line(3, "abc") | {
    "kind": "broken",
    "index": 3,
    "dead_letter": "bad_value",
    "original": '{"Consumption":"abc"}',
    "superseded": False,
}
MENDED = line(3, "5.0") | {"index": 3, "superseded": False}
BODY: dict[str, object] = {
    "kind": "body",
    "feed": "days",
    "point": "1",
    "dead_letter": "unreadable_response",
    "original": None,
}


def producer(**changes: object) -> DeadLetter:
    """The dead letter of BROKEN."""
    fields: dict[str, object] = {
        "id": "one",
        "stage": "producer",
        "reason": "bad_value",
        "source": "u-days",
        "topic": "http",
        "original_key": b"1",
        "original_value": b'{"MeteringPoint":"1","ConsumptionReadings":[{"Consumption":"abc"}]}',
    }
    return letter(**(fields | changes))


def judged(letters: list[DeadLetter], *lines: dict[str, object], allowed: tuple[str, ...] = ()) -> LettersVerdict:
    return judge_letters(letters, lines, FEEDS, allowed)


def test_a_broken_reading_that_is_a_dead_letter_however_often_it_was_seen_is_right() -> None:
    verdict = judged([producer(), producer(seen_at=9)], BROKEN)
    assert verdict.whole
    assert verdict.found == 1


def test_a_broken_reading_without_its_dead_letter_is_missing() -> None:
    verdict = judged([], BROKEN)
    assert not verdict.equal
    assert [str(broken) for broken in verdict.missing] == ["u-days 1 bad_value"]


def test_a_break_that_was_mended_meanwhile_may_have_been_seen_by_nobody() -> None:
    verdict = judged([], BROKEN, MENDED)
    assert verdict.equal
    assert not verdict.whole


def test_a_body_that_was_served_once_may_have_been_seen_by_nobody() -> None:
    verdict = judged([], BODY)
    assert verdict.equal
    assert not verdict.whole
    assert judged([producer(reason="unreadable_response", original_value=b"<html>")], BODY).whole


def test_one_broken_thing_under_two_ids_is_doubled() -> None:
    verdict = judged([producer(), producer(id="two")], BROKEN)
    assert len(verdict.doubled) == 1
    assert not verdict.equal


def test_a_dead_letter_of_something_that_did_not_break_is_unexpected() -> None:
    other = producer(original_value=b'{"MeteringPoint":"1","ConsumptionReadings":[{"Consumption":"abd"}]}')
    verdict = judged([producer(), other], BROKEN)
    assert len(verdict.unexpected) == 1
    assert not verdict.equal


def test_a_dead_letter_of_another_stage_is_unexpected_unless_a_fault_explains_it() -> None:
    refused = letter(stage="sinks", reason="row_refused", receiver="vitec")
    assert judged([producer(), refused], BROKEN).troubles() == ["dead letters sinks row_refused: nobody expected them"]
    assert judged([producer(), refused], BROKEN, allowed=("row_refused",)).whole
