"""How much moves and how much lies in a system of so many metering points: a model, pure arithmetic.

It is linear in the points. One series per point, and every receiver takes every point. The utility has new readings of
all points at once, ``deliveries`` times a day (a month value once a month), and they are to be taken in within
``delivery_hours``. The producer publishes a day whose readings changed as a whole: the more often a day grows, the
more is published again, and recognised as known by streams.
"""

from dataclasses import dataclass

from producer.windows import Spans, spans_of
from runtime.settings.source import PollSettings
from runtime.settings.streams import StreamsSettings
from schemas.events import Granularity
from schemas.instants import DAY

PER_DAY: dict[Granularity, float] = {"month": 12 / 365.25, "day": 1.0, "hour": 24.0, "quarter": 96.0}
"""New readings of a metering point in a day."""
REREAD_DAYS = 30
SECONDS_A_DAY = 86_400
DAYS_A_YEAR = 365.25
HOUR = 3_600.0
HOURS_A_DAY = 24.0


@dataclass(frozen=True)
class Polling:
    """How the utility is asked, and when it has something new.

    ``every``, ``window`` and ``history``: None: the defaults of ``poll.every`` (seconds), ``poll.window`` and
    ``streams.history_…`` (months of a month source, else days). ``calls_per_second``: what the utility allows.
    """

    every: float | None = None
    window: int | None = None
    history: int | None = None
    deliveries: int = 1
    delivery_hours: float = 4.0
    calls_per_second: float = 10.0


@dataclass(frozen=True)
class Wishes:
    """What is kept, how fast it is to be read again, and how much room is left.

    ``years``: how long rows are kept, and readings where ``retention_days`` is None. ``reread_hours``: within them the
    last 30 days are to be read again. ``utilisation``: the share of a core that is used at the peak. ``worker_gb``:
    what one process may hold in memory.
    """

    receivers: int = 1
    years: float = 3.0
    retention_days: float | None = None
    reread_hours: float = 24.0
    utilisation: float = 0.6
    replication: int = 3
    worker_gb: float = 4.0


@dataclass(frozen=True)
class Demand:
    """The question."""

    points: int
    granularity: Granularity
    polling: Polling = Polling()
    wishes: Wishes = Wishes()

    def spans(self) -> tuple[Spans, list[str]]:
        """The spans that a producer would use, and what is wrong with them."""
        asked = self.polling
        name = {"month": "history_months", "day": "history_days"}.get(self.granularity, "history_hour_days")
        streams = StreamsSettings.model_validate({} if asked.history is None else {name: asked.history})
        return spans_of(PollSettings(every=asked.every, window=asked.window), streams, self.granularity)

    def problems(self) -> list[str]:
        """What makes it a question without an answer."""
        _, problems = self.spans()
        asked = self.polling
        if asked.deliveries * asked.delivery_hours > HOURS_A_DAY:
            problems.append(
                f"{asked.deliveries} deliveries a day of {asked.delivery_hours:g} hours each: a day has {HOURS_A_DAY:g}"
            )
        return problems

    @property
    def per_day(self) -> float:
        """New readings of a point in a day."""
        return PER_DAY[self.granularity]

    @property
    def parts(self) -> int:
        """In how many pieces the readings of one day come."""
        return self.polling.deliveries if self.granularity in ("hour", "quarter") else 1

    def readings(self, span: float) -> float:
        """Of a point in so many months (of months) or days."""
        return span * (1.0 if self.granularity == "month" else self.per_day)


@dataclass(frozen=True)
class Rates:
    """What moves in a second, of all points together."""

    calls: float = 0.0
    changed: float = 0.0
    """Answers that hold something new."""
    compared: float = 0.0
    """Their readings that are not published, and those of sweeps."""
    new: float = 0.0
    again: float = 0.0
    """Readings that are published although streams knows them."""

    def __add__(self, other: "Rates") -> "Rates":
        return Rates(
            self.calls + other.calls,
            self.changed + other.changed,
            self.compared + other.compared,
            self.new + other.new,
            self.again + other.again,
        )

    @property
    def published(self) -> float:
        """Readings on the topic."""
        return self.new + self.again


@dataclass(frozen=True)
class Flow:
    """What moves and what lies. The amounts are of all points together.

    ``idle``: while nothing is new; ``delivery``: while new readings are taken in; ``reread``: while the last 30 days
    are read again and all of them are new, as after a loss – that is the most they can cost; the polls go on meanwhile.
    """

    idle: Rates
    delivery: Rates
    reread: Rates
    answer: float
    """Readings in one answer."""
    new_per_day: float
    published_per_day: float
    kept: float
    """Readings in the state."""
    rows: float
    """Values on their topic, and rows of each receiver, in the end."""
    stored: float
    """Readings on their topic in the end."""
    reread_readings: float
    reread_calls: float
    parts: float
    """Days or months of a point that the producer remembers."""


def flow(demand: Demand) -> Flow:
    """What a demand makes move and lie. Its spans must be sound."""
    spans, _ = demand.spans()
    points, polling, wishes = demand.points, demand.polling, demand.wishes
    answer = demand.readings(spans.window)
    sweeps = points / (spans.sweep_every / DAY * SECONDS_A_DAY)
    idle = Rates(
        calls=points / spans.every + sweeps * _requests(spans.sweep_window, spans.request),
        compared=sweeps * demand.readings(spans.sweep_window),
    )
    grown = demand.readings(1) / demand.parts
    taken = points / (polling.delivery_hours * HOUR)
    again = grown * (demand.parts - 1) / 2
    known = max(0.0, answer - grown - again)
    delivery = Rates(changed=taken, compared=taken * known, new=taken * grown, again=taken * again)
    full = points * demand.readings(spans.history) / (spans.full_every / DAY)
    new_per_day = points * demand.per_day
    published = new_per_day * (demand.parts + 1) / 2 + full
    requests = 1.0 if spans.monthly else _requests(REREAD_DAYS, spans.request)
    read_again = points * max(1.0, demand.per_day * REREAD_DAYS)
    seconds = wishes.reread_hours * HOUR
    stored_days = wishes.years * DAYS_A_YEAR if wishes.retention_days is None else wishes.retention_days
    return Flow(
        idle=idle,
        delivery=delivery,
        reread=Rates(changed=points * requests / seconds, new=read_again / seconds),
        answer=answer,
        new_per_day=new_per_day,
        published_per_day=published,
        kept=points * demand.readings(spans.history),
        rows=new_per_day * wishes.years * DAYS_A_YEAR,
        stored=published * stored_days,
        reread_readings=read_again,
        reread_calls=points * requests,
        parts=spans.most_parts,
    )


def _requests(span: float, most: float) -> float:
    """In how many requests a span is asked for."""
    return -(-span // most)
