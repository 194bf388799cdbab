"""What a simulated world is made of: its feeds, its sizes, and how often which trouble happens."""

from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta, timezone
from typing import Literal

Granularity = Literal["month", "day", "hour"]
Style = Literal["object", "list", "paged"]

ZONE = timezone(timedelta(hours=1))
"""Swedish normal time, all year: every time in an answer, in `from` and in `to` is in it."""


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """One feed: readings of one granularity.

    `history` is the number of periods visible at the start. `style` is the shape of an answer for one point:
    one message, a list of messages, or wrapped pages of `page_days` days each.
    """

    name: str
    granularity: Granularity
    history: int
    style: Style = "object"
    page_days: int = 7


@dataclass(frozen=True, slots=True)
class HappeningRates:
    """Shares of readings (0..1) with a happening; all but the first four strike recent and new readings only.

    `fixed` is the share of broken readings that are replaced by a good one later.
    """

    omitted: float = 0.002
    null: float = 0.003
    broken: float = 0.003
    odd_method: float = 0.02
    late: float = 0.03
    up: float = 0.012
    down: float = 0.012
    back: float = 0.008
    to_null: float = 0.005
    from_null: float = 0.005
    provisional: float = 0.01
    respelled: float = 0.005
    duplicated: float = 0.01
    fixed: float = 0.5


@dataclass(frozen=True, slots=True)
class FaultRates:
    """Shares of requests (0..1) that meet a fault. The sum must stay below 1/2."""

    too_many: float = 0.01
    error_500: float = 0.005
    error_503: float = 0.005
    slow: float = 0.005
    cut: float = 0.005
    nan: float = 0.002
    html: float = 0.002
    truncated: float = 0.002
    error_object: float = 0.002
    charset: float = 0.002
    wrong_point: float = 0.002
    empty_point: float = 0.002


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """A world: equal settings give equal worlds.

    `anchor` is the hour at which the world began, in ZONE. At tick 0 everything up to `lag_hours` before it is
    visible; each tick releases one hour more. Corrections reach `change_days` back from there.
    """

    seed: int
    points: int
    anchor: datetime
    feeds: tuple[FeedSettings, ...]
    lag_hours: int = 72
    change_days: int = 7
    month_delay: int = 20
    happenings: HappeningRates = field(default_factory=HappeningRates)

    def __post_init__(self) -> None:
        """Refuse sizes and rates that no world can have."""
        if self.points < 1 or self.points > 9_999_999:
            raise ValueError(f"points: {self.points} is not in 1..9999999")
        if self.lag_hours < 1:
            raise ValueError(f"lag_hours: {self.lag_hours} must be at least 1, or readings of the future appear")
        if len({feed.name for feed in self.feeds}) != len(self.feeds) or not self.feeds:
            raise ValueError("feeds: at least one is needed, and each name once")
        check_rates(self.happenings, exempt={"fixed", "duplicated"}, limit=1.0)


def check_rates(rates: HappeningRates | FaultRates, exempt: set[str], limit: float) -> None:
    """Raise ValueError unless every rate is in 0..1 and those not exempt together stay within the limit."""
    values = {item.name: getattr(rates, item.name) for item in fields(rates)}
    for name, value in values.items():
        if not 0 <= value <= 1:
            raise ValueError(f"rate {name}: {value} is not in 0..1")
    if sum(value for name, value in values.items() if name not in exempt) > limit:
        raise ValueError(f"rates: their sum is above {limit}")


def anchor_of(now: datetime) -> datetime:
    """The hour of an aware time, in ZONE."""
    return now.astimezone(ZONE).replace(minute=0, second=0, microsecond=0)


DEFAULT_FEEDS = (
    FeedSettings("months", "month", 24),
    FeedSettings("days", "day", 60),
    FeedSettings("hours", "hour", 14 * 24),
)
