"""The world of the simulated utility: what each feed says about each point, at the present tick.

It is a pure function of (settings, tick, hours released); nothing about a point is computed before it is asked
for, and only the most recent answers are kept.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from local.utility.amounts import Amounts
from local.utility.dice import mix
from local.utility.feed_calendar import FeedCalendar
from local.utility.happenings import ROLL, Happenings, Slot, Version
from local.utility.meters import Meter, Series, meter
from local.utility.readings import Reading
from local.utility.settings import FeedSettings, WorldSettings

_CACHED_CHARACTERS = 128 << 20
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Part:
    """The versions of one series' readings in an answer: one byte per index from `low`, 0 = not served."""

    series: Series
    place: int
    low: int
    versions: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """The message about one point in [first, end): its JSON, how many readings it holds, and which versions."""

    feed: str
    meter: Meter
    first: date
    end: date
    json: str
    readings: int
    parts: tuple[Part, ...]


class FeedWorld:
    """One feed of the world: its calendar, and how many periods are visible now."""

    def __init__(self, feed: FeedSettings, world: WorldSettings) -> None:
        self.settings = feed
        self.calendar = FeedCalendar(feed, world)
        self.count = self.calendar.at_start

    def release(self, released: int) -> None:
        """Show all that is due when so many hours have been released."""
        self.count = max(self.count, self.shown(released))

    def shown(self, released: int) -> int:
        """How many periods show once so many hours have been released."""
        return max(self.calendar.at_start, self.calendar.visible(released))

    def pivot(self) -> int:
        """The index at which registers' stories turn: soon after the start for hours, else just before it."""
        return self.calendar.at_start + (4 if self.settings.granularity == "hour" else -3)

    def amounts(self, series: Series) -> Amounts:
        """The amounts of a series of this feed."""
        return Amounts(series, self.settings.granularity, max(1, self.pivot()))


class World:
    """All feeds at one moment. `advance` is the only thing that changes it."""

    def __init__(self, settings: WorldSettings, clock: Callable[[], datetime], tick: int = 0) -> None:
        self.settings = settings
        self.tick = tick
        self.feeds = {feed.name: FeedWorld(feed, settings) for feed in settings.feeds}
        self._clock = clock
        self._happenings = Happenings(settings.happenings)
        self._cache: OrderedDict[tuple[str, int, date, date], tuple[int, Answer]] = OrderedDict()
        self._cached = 0
        self._release()

    def advance(self, ticks: int = 1) -> None:
        """Let time go on by so many ticks."""
        self.tick += ticks
        self._release()

    def _release(self) -> None:
        """One hour per tick, but never one that has not ended: then releases follow the real clock."""
        elapsed = (self._clock() - self.settings.anchor) // _HOUR
        for feed in self.feeds.values():
            feed.release(max(0, min(self.tick, self.settings.lag_hours + elapsed)))

    def meter(self, feed: str, number: int) -> Meter:
        """A point as a feed shows it. Raises KeyError for an unknown feed."""
        return meter(self.settings.seed, self.feeds[feed].settings.name, number)

    def answer(self, feed: str, number: int, first: date, end: date, back: int = 0) -> Answer:
        """What the feed says now, or said so many ticks ago, about a point's readings dated in [first, end)."""
        if back:
            return self._answer((feed, number), first, end, max(0, self.tick - back))
        key = (feed, number, first, end)
        kept = self._cache.get(key)
        if kept is not None and kept[0] == self.tick:
            self._cache.move_to_end(key)
            return kept[1]
        answer = self._answer((feed, number), first, end, self.tick)
        self._keep(key, answer)
        return answer

    def _keep(self, key: tuple[str, int, date, date], answer: Answer) -> None:
        old = self._cache.pop(key, None)
        self._cached += len(answer.json) - (len(old[1].json) if old else 0)
        self._cache[key] = (self.tick, answer)
        while self._cached > _CACHED_CHARACTERS and len(self._cache) > 1:
            _, (_, dropped) = self._cache.popitem(last=False)
            self._cached -= len(dropped.json)

    def _answer(self, where: tuple[str, int], first: date, end: date, tick: int) -> Answer:
        feed, number = where
        point = self.meter(feed, number)
        here = self.feeds[feed]
        count = here.count if tick == self.tick else min(here.count, here.shown(tick))
        low, high = here.calendar.span(first, end, count)
        texts: list[str] = []
        parts = []
        for place, series in enumerate(point.series):
            written, versions = self._render(here, series, (low, high), tick)
            texts += written
            parts.append(Part(series, place, low, versions))
        if number % 5 == 4:
            texts.reverse()
        body = message(point, ",".join(texts))
        return Answer(feed, point, first, end, body, len(texts), tuple(parts))

    def _render(self, feed: FeedWorld, series: Series, span: tuple[int, int], tick: int) -> tuple[list[str], bytes]:
        """The JSON texts of a span of a series at a tick, and the version of each index."""
        low, high = span
        amounts, dates, key = feed.amounts(series), feed.calendar.texts, series.key
        steady, limit = self._happenings.limit_of_unchangeable, self._happenings.limit
        changeable = feed.calendar.changeable_from
        versions = bytearray(high - low)
        texts: list[str] = []
        head = f'{{"DeliveryCategory":"{series.category}","Unit":"'
        for index in range(low, high):
            bits = mix(key ^ index)
            if bits & ROLL >= (limit if index >= changeable else steady):
                version = 1
                text = (
                    f'{head}{amounts.unit(index)}","Consumption":{amounts.text(index, bits)},"ReadingDate":"'
                    f'{dates[index]}","ReadingMethod":"Fjärr","ReadingReason":"2"}}'
                )
            else:
                chain = self.versions(feed, series, index)
                version = sum(1 for item in chain if item.tick <= tick)
                if version == 0:
                    continue
                text = chain[version - 1].reading.json
            versions[index - low] = version
            texts.append(text)
            if self._happenings.is_duplicated(bits):
                texts.append(text)
        return texts, bytes(versions)

    def versions(self, feed: FeedWorld, series: Series, index: int) -> tuple[Version, ...]:
        """All versions that the reading at an index of a series ever gets."""
        calendar = feed.calendar
        bits = mix(series.key ^ index)
        changeable = index >= calendar.changeable_from
        slot = Slot(index, bits, calendar.texts[index], calendar.ticks[index], changeable)
        return self._happenings.versions(series, feed.amounts(series), slot)

    def reading(self, feed: str, series: Series, index: int, version: int) -> Reading:
        """One version (1 is the first) of the reading at an index of a series."""
        return self.versions(self.feeds[feed], series, index)[version - 1].reading


def message(point: Meter, readings: str) -> str:
    """The published message about a point, its readings already joined."""
    customer = f'"CustomerNumber":{point.customer},' if point.customer else ""
    extra = ',"Anläggning":{"Ort":"Höganäs"}' if point.number % 9 == 8 else ""
    return f'{{{customer}"MeteringPoint":"{point.metering_point}","ConsumptionReadings":[{readings}]{extra}}}'
