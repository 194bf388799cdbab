"""Laws of the publishing calendar: what is awaited never falls, never too early, and changes once per publishing."""

from datetime import date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from producer.calendar import Grid
from producer.publishing import Publishing
from runtime.settings.publishing import WEEKDAYS, PublishingSettings
from runtime.zones import zone_of
from schemas import instants
from schemas.events import Granularity
from schemas.instants import DAY, HOUR, SECOND

ZONES = ("+01:00", "UTC", "-03:30", "Europe/Stockholm", "America/New_York")
zones = st.sampled_from(ZONES)
granularities: st.SearchStrategy[Granularity] = st.sampled_from(["month", "day", "hour", "quarter"])
delays = st.none() | st.integers(0, 20 * 86_400).map(float)
times = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))
calendars = st.builds(PublishingSettings, delay=delays) | st.builds(
    PublishingSettings,
    delay=delays,
    at=times,
    days=st.lists(st.sampled_from(WEEKDAYS), unique=True).map(tuple),
)
moments = st.integers(20_000 * DAY, 25_000 * DAY)


@given(calendars, granularities, zones, moments, st.integers(0, 40 * DAY))
@settings(deadline=None)
def test_what_is_awaited_is_the_end_of_a_period_and_never_falls(
    calendar: PublishingSettings, granularity: Granularity, zone: str, now: int, later: int
) -> None:
    publishing = Publishing(calendar, granularity, zone_of(zone))
    grid = Grid(zone_of(zone), granularity, "end")
    awaited = publishing.awaited(now)
    assert grid.period(awaited)[0] == awaited
    assert awaited <= publishing.awaited(now + later)


@given(calendars, granularities, zones, moments)
@settings(deadline=None)
def test_nothing_is_awaited_before_its_delay_is_over(
    calendar: PublishingSettings, granularity: Granularity, zone: str, now: int
) -> None:
    publishing = Publishing(calendar, granularity, zone_of(zone))
    assert publishing.awaited(now) + publishing.delay <= now


@given(delays, granularities, zones, moments)
@settings(deadline=None)
def test_without_an_hour_each_period_is_awaited_from_the_very_instant_at_which_its_delay_is_over(
    delay: float | None, granularity: Granularity, zone: str, now: int
) -> None:
    publishing = Publishing(PublishingSettings(delay=delay), granularity, zone_of(zone))
    grid = Grid(zone_of(zone), granularity, "end")
    _, end = grid.period(publishing.awaited(now))  # the next one
    assert publishing.awaited(end + publishing.delay - 1) < end <= publishing.awaited(end + publishing.delay)


@given(
    delays, times, st.sets(st.sampled_from(WEEKDAYS), min_size=1), granularities, st.sampled_from(ZONES[:3]), moments
)
@settings(deadline=None)
def test_with_hours_it_changes_at_no_other_instant_and_once_at_each(
    delay: float | None, at: str, days: set[str], granularity: Granularity, zone: str, now: int
) -> None:
    calendar = PublishingSettings.model_validate({"delay": delay, "at": at, "days": sorted(days)})
    publishing = Publishing(calendar, granularity, zone_of(zone))
    wall = zone_of(zone).wall
    before = publishing.awaited(now)
    hours = [
        day * DAY + clock - (wall(now) - now)
        for day in range(wall(now) // DAY, wall(now) // DAY + 9)
        if (date(1970, 1, 1) + timedelta(days=day)).strftime("%A").lower() in days
        for clock in [int(at[:2]) * HOUR + int(at[3:]) * 60 * SECOND]
    ]
    hour = min(each for each in hours if each > now)
    assert publishing.awaited(hour - 1) == before, "nothing happens on the way to the next publishing hour"
    grid = Grid(zone_of(zone), granularity, "end")
    assert publishing.awaited(hour) == grid.period(hour - publishing.delay)[0]


def test_a_nightly_feed_is_awaited_at_six_and_not_at_noon() -> None:
    """Hours of a day, at 06:00 the next morning: at noon of that morning the whole day must be there, and no more."""
    nightly = Publishing(PublishingSettings(delay=3_600, at="06:00"), "hour", zone_of("+01:00"))
    assert _at(nightly.awaited(_instant("2026-11-23T05:59:59"))) == "2026-11-22T05:00:00"
    assert _at(nightly.awaited(_instant("2026-11-23T06:00:00"))) == "2026-11-23T05:00:00"
    assert _at(nightly.awaited(_instant("2026-11-23T12:00:00"))) == "2026-11-23T05:00:00"


def test_a_month_that_ends_on_a_friday_is_awaited_on_the_monday_ten_days_later() -> None:
    weekdays = PublishingSettings.model_validate({"at": "08:00", "days": WEEKDAYS[:5]})
    months = Publishing(weekdays, "month", zone_of("+01:00"))
    assert _at(months.awaited(_instant("2026-08-10T07:59:59"))) == "2026-07-01T00:00:00"
    assert _at(months.awaited(_instant("2026-08-11T08:00:00"))) == "2026-08-01T00:00:00"


def _instant(text: str) -> int:
    return instants.from_datetime(datetime.fromisoformat(f"{text}+01:00"))


def _at(instant: int) -> str:
    return instants.to_text(instant + HOUR).removesuffix("Z")
