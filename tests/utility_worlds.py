"""Small simulated worlds with a clock of their own, for the tests of local/utility."""

import json
from dataclasses import fields
from datetime import date, datetime

from local.utility.settings import ZONE, FeedSettings, HappeningRates, Style, WorldSettings
from local.utility.world import Answer, World

ANCHOR = datetime(2026, 3, 10, 6, tzinfo=ZONE)
EVER = (date(2020, 1, 1), date(2030, 1, 1))
BUSY = HappeningRates(
    omitted=0.02,
    null=0.02,
    broken=0.05,
    odd_method=0.05,
    late=0.05,
    up=0.08,
    down=0.08,
    back=0.08,
    to_null=0.05,
    from_null=0.05,
    provisional=0.05,
    respelled=0.05,
    duplicated=0.05,
)
QUIET = HappeningRates(**{rate.name: 0.0 for rate in fields(HappeningRates)})


def settings(
    rates: HappeningRates = BUSY, *, seed: int = 1, points: int = 30, style: Style = "object"
) -> WorldSettings:
    """A world of months, days and hours that began on 2026-03-10, three days behind."""
    feeds = (
        FeedSettings("months", "month", 12, style),
        FeedSettings("days", "day", 20, style),
        FeedSettings("hours", "hour", 240, style),
    )
    return WorldSettings(seed, points, ANCHOR, feeds, happenings=rates)


def world(rates: HappeningRates = BUSY, *, tick: int = 0, seed: int = 1, points: int = 30) -> World:
    """A world at a tick, with the real clock long after its anchor."""
    return World(settings(rates, seed=seed, points=points), lambda: datetime(2026, 12, 1, tzinfo=ZONE), tick)


def told(answer: Answer) -> list[dict[str, object]]:
    """The readings in an answer, numbers as their text."""
    message = json.loads(answer.json, parse_float=str, parse_int=str)
    readings: list[dict[str, object]] = message["ConsumptionReadings"]
    return readings
