"""Who has been told everything since the world went quiet."""

from local.utility.world import Answer, World


class Coverage:
    """Counts the (feed, point) pairs that have not yet got every reading that may have changed.

    A point of a feed is covered when clean answers since `begin` together span the dates from the oldest that
    can change to the newest that is visible.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._needed: dict[str, tuple[int, int]] = {}
        self._seen: dict[tuple[str, int], int] = {}
        self._done = 0

    def begin(self) -> None:
        """Start counting: from now on the world does not change."""
        self._seen.clear()
        self._done = 0
        for name, feed in self._world.feeds.items():
            dates = feed.calendar.dates
            self._needed[name] = (dates[feed.calendar.changeable_from], dates[feed.count - 1] + 1)

    def end(self) -> None:
        """Stop counting: the world changes again."""
        self._needed.clear()

    def note(self, answer: Answer) -> None:
        """A clean answer was served completely."""
        if not self._needed:
            return
        first, end = self._needed[answer.feed]
        key = (answer.feed, answer.meter.number)
        full = (1 << (end - first)) - 1
        before = self._seen.get(key, 0)
        low = min(max(answer.first.toordinal(), first), end)
        high = max(min(answer.end.toordinal(), end), low)
        after = before | ((1 << (high - first)) - (1 << (low - first)))
        self._seen[key] = after
        self._done += before != full and after == full

    def pending(self) -> int | None:
        """Pairs not yet covered; None while the world is not quiet."""
        if not self._needed:
            return None
        return len(self._needed) * self._world.settings.points - self._done
