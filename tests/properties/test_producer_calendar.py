"""Laws of the calendar: periods tile the time, and a reading lies where its stamp convention says."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from producer.calendar import Grid
from producer.dates import parse
from runtime.errors import Poison
from runtime.settings.source import Stamp
from runtime.zones import Zone, zone_of
from schemas import instants
from schemas.events import Granularity

CHANGING = ["Europe/Copenhagen", "Europe/Stockholm", "America/New_York", "Asia/Beirut"]
ZONES = ["+01:00", "UTC", "-03:30", "+05:45", *CHANGING]
FIRST, LAST = datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2190-01-01")
zones = st.sampled_from(ZONES)
granularities: st.SearchStrategy[Granularity] = st.sampled_from(["month", "day", "hour", "quarter"])
stamps: st.SearchStrategy[Stamp] = st.sampled_from(["end", "start"])
moments = st.datetimes(
    datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2190-01-01"), timezones=st.just(UTC)
)


@given(zones, granularities, moments)
@settings(deadline=None)
def test_periods_tile_the_time(zone: str, granularity: Granularity, moment: datetime) -> None:
    grid, instant = Grid(zone_of(zone), granularity, "end"), instants.from_datetime(moment)
    start, end = grid.period(instant)
    assert start <= instant < end
    assert grid.period(start) == grid.period(end - 1) == (start, end)
    assert grid.period(end)[0] == end
    assert grid.period(start - 1)[1] == start


@given(zones, granularities, stamps, moments)
@settings(deadline=None)
def test_a_reading_on_the_grid_closes_the_period_that_its_stamp_names(
    zone: str, granularity: Granularity, stamp: Stamp, moment: datetime
) -> None:
    grid = Grid(zone_of(zone), granularity, stamp)
    placed = grid.place(parse(moment.isoformat()))
    assert placed.reading_at == instants.from_datetime(moment)
    if stamp == "end":
        assert placed.start < placed.reading_at <= placed.end
        assert placed.on_grid == (placed.reading_at == placed.end)
    else:
        assert placed.start <= placed.reading_at < placed.end
        assert placed.on_grid == (placed.reading_at == placed.start)


@given(zones, st.sampled_from(["month", "day"]), st.dates(date(1990, 1, 1), date(2190, 1, 1)))
@settings(deadline=None)
def test_a_last_day_lies_in_its_period_whatever_the_time(zone: str, granularity: Granularity, day: date) -> None:
    grid = Grid(zone_of(zone), granularity, "last-day")
    placed = grid.place(parse(day.isoformat()))
    assert placed == grid.place(parse(f"{day.isoformat()}T23:59:59")) == grid.place(parse(f"{day.isoformat()} 24:00"))
    assert placed.start <= placed.reading_at < placed.end
    assert placed.on_grid == (granularity == "day" or (day + timedelta(days=1)).day == 1)


@given(st.sampled_from(CHANGING), st.datetimes(FIRST, LAST))
@settings(deadline=None)
def test_wall_time_without_an_offset_is_clear_or_refused(name: str, wall: datetime) -> None:
    zone: Zone = zone_of(name)
    written = parse(wall.isoformat())
    both = {wall.replace(tzinfo=ZoneInfo(name), fold=fold).astimezone(UTC) for fold in (0, 1)}
    try:
        instant = zone.instant(written.day * instants.DAY + written.time)
    except Poison:
        assert len(both) == 2
    else:
        assert both == {instants.to_datetime(instant)}
        assert zone.wall(instant) == written.day * instants.DAY + written.time
