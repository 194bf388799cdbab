"""The publishing calendar in the settings, and what the producer tells of it while it polls."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from producer.publishing import Publishing, problem_of
from runtime.settings.publishing import PublishingSettings
from runtime.zones import zone_of
from schemas.events import Granularity
from schemas.instants import from_datetime
from tests.polling import PollingRoom, feed, message_json, reading_json, spans


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"at": "6:00"}, "at"),
        ({"at": "24:00"}, "at"),
        ({"delay": -1}, "delay"),
        ({"days": ["monday"]}, 'set at, such as at = "06:00"'),
        ({"at": "06:00", "days": ["monday", "monday"]}, "names a weekday twice"),
        ({"at": "06:00", "days": ["Mon"]}, "'monday', 'tuesday'"),
    ],
)
def test_what_is_no_calendar_is_refused_with_the_reason(given: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        PublishingSettings.model_validate(given)


@pytest.mark.parametrize(
    ("granularity", "days", "fits"),
    [("hour", 14, True), ("hour", 15, False), ("month", 84, True), ("month", 85, False)],
)
def test_a_delay_beyond_what_each_poll_asks_for_is_a_mistake(granularity: Granularity, days: int, fits: bool) -> None:
    publishing = Publishing(PublishingSettings(delay=days * 86_400.0), granularity, zone_of("UTC"))
    problem = problem_of(publishing, spans(granularity))
    assert (problem is None) == fits
    assert problem is None or "lengthen poll.window" in problem


def judged(room: PollingRoom) -> dict[str, float]:
    room.report.points(configured=1)
    return {state: room.count("points", state=state) for state in ("awaited", "late", "silent")}


NONE = {"awaited": 0.0, "late": 0.0, "silent": 0.0}
LATE = {"awaited": 1.0, "late": 1.0, "silent": 0.0}


async def test_a_point_is_judged_once_it_was_polled_up_to_today() -> None:
    """The readings of these tests are years old: what is judged is late."""
    room = PollingRoom()
    assert judged(room) == NONE
    room.client.say(message_json(reading_json(ReadingDate="2020-03-02T02:00:00")))
    assert await room.poll(), "the first piece of the load"
    assert judged(room) == NONE
    assert not await room.poll(), "the last one"
    assert judged(room) == LATE


async def test_a_restart_says_nothing_and_then_the_same_answer_says_the_same() -> None:
    room = PollingRoom()
    room.client.say(message_json(reading_json(ReadingDate="2020-03-02T02:00:00")))
    while await room.poll():
        pass
    room.restart()
    assert judged(room) == NONE
    await room.poll()
    assert judged(room) == LATE
    await room.poll()
    assert judged(room) == LATE, "also where the very same bytes came"


async def test_a_point_that_is_answered_with_nothing_is_silent_unless_there_was_something_before() -> None:
    room = PollingRoom()
    room.client.say(message_json())
    while await room.poll():
        pass
    assert judged(room) == {"awaited": 0.0, "late": 0.0, "silent": 1.0}
    room.client.say(message_json(reading_json(ReadingDate="2020-03-02T02:00:00")))
    await room.poll()
    room.restart()
    room.client.say(message_json())
    await room.poll()
    assert judged(room) == LATE


async def test_what_is_as_new_as_the_calendar_says_is_not_late() -> None:
    """Readings an hour old, of a feed that is published two hours late."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    room = PollingRoom(feed("hour", publishing={"delay": 7_200.0}))
    room.now = room.client.sent_at = from_datetime(now)
    newest = now.replace(tzinfo=None).isoformat() + "+01:00"
    room.client.say(message_json(reading_json(ReadingDate=newest)))
    while await room.poll():
        pass
    assert judged(room) == {"awaited": 1.0, "late": 0.0, "silent": 0.0}
