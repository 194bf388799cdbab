"""One series, open inside one fold: its buckets, decoded as far as they are needed."""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping

from schemas.events import Granularity
from streams import buckets
from streams.buckets import WIDTH
from streams.rules.derive import BASES, Changed, Row, base_after, changed
from streams.rules.entry import Entry
from streams.rules.row import Base, row
from streams.rules.rules import Rules


class OpenSeries:
    """A view of a series over what the state holds; changes stay here until they are asked for as records.

    The history is measured by the granularity of the series' first reading, so that its edge never moves back.
    Before the edge the state may hold more than the two readings with a value; nothing looks further back than those.
    """

    def __init__(self, granularity: Granularity, stored: Mapping[int, bytes], rules: Rules) -> None:
        """``stored``: the encoded buckets by number; none: a series never seen."""
        self.granularity = granularity
        self._width = WIDTH[granularity]
        self.stored = stored
        self._rules = rules
        self._numbers = sorted(stored)
        self._open: dict[int, list[Entry]] = {}
        self._touched: set[int] = set()
        self._fallen: list[int] = []
        self._newest: int | None = None
        self._edge: int | None = None
        self._tail: Base | None = None
        self._tail_known = not stored
        if stored:
            self._move_newest(self._bucket(self._numbers[-1])[-1].reading_at)

    def outside(self, reading_at: int) -> bool:
        """Whether a reading is dated before the edge of the history."""
        return self._edge is not None and reading_at < self._edge

    def find(self, reading_at: int) -> Entry | None:
        """What is known of an identity inside the history."""
        if self._after_all(reading_at):
            return None
        number = reading_at // self._width
        if number not in self._open and number not in self.stored:
            return None
        bucket = self._bucket(number)
        index = bisect_left(bucket, (reading_at,))
        if index < len(bucket) and bucket[index].reading_at == reading_at:
            return bucket[index]
        return None

    def take(self, was: Entry | None, now: Entry) -> list[Changed]:
        """Puts a new content in the place of what was known of its identity; gives the rows that change."""
        reading_at = now.reading_at
        if self._after_all(reading_at):
            derived, self._tail = row(self._base_of_next(), now, self._rules)
            self._append(now)
            return [Changed(Row(now, derived), None)]
        base = base_after(self._earlier(reading_at), self._rules)
        rows = changed(base, was, now, self._later(reading_at), self._rules)
        self.put(now)
        self._tail_known = False
        return rows

    def put(self, known: Entry) -> None:
        """Remembers an entry of the same content in another version, or a content that :meth:`take` judged."""
        number = known.reading_at // self._width
        self._touched.add(number)
        if number not in self._open and number not in self.stored:
            insort(self._numbers, number)
            self._open[number] = [known]
            return
        bucket = self._bucket(number)
        index = bisect_left(bucket, (known.reading_at,))
        if index < len(bucket) and bucket[index].reading_at == known.reading_at:
            bucket[index] = known
        else:
            bucket.insert(index, known)

    def records(self) -> Iterator[tuple[int, bytes | None]]:
        """The buckets that differ from what the state holds, by number; None: it fell off the history."""
        for number in self._fallen:
            if number in self.stored:
                yield number, None
        for number in sorted(self._touched):
            yield number, buckets.encode(self._open[number])

    def _after_all(self, reading_at: int) -> bool:
        return self._newest is None or reading_at > self._newest

    def _move_newest(self, reading_at: int) -> None:
        self._newest = reading_at
        self._edge = self._rules.history.edge(reading_at, self.granularity)

    def _base_of_next(self) -> Base | None:
        if not self._tail_known:
            self._tail = base_after(self._backwards(len(self._numbers)), self._rules)
            self._tail_known = True
        return self._tail

    def _bucket(self, number: int) -> list[Entry]:
        bucket = self._open.get(number)
        if bucket is None:
            bucket = self._open[number] = buckets.decode(self.stored[number])
        return bucket

    def _backwards(self, end: int) -> Iterator[Entry]:
        """All entries of the first ``end`` buckets, newest first."""
        for index in range(end - 1, -1, -1):
            yield from reversed(self._bucket(self._numbers[index]))

    def _earlier(self, reading_at: int) -> Iterator[Entry]:
        """The entries before an instant, newest first."""
        number = reading_at // self._width
        index = bisect_left(self._numbers, number)
        if index < len(self._numbers) and self._numbers[index] == number:
            bucket = self._bucket(number)
            yield from reversed(bucket[: bisect_left(bucket, (reading_at,))])
        yield from self._backwards(index)

    def _later(self, reading_at: int) -> Iterator[Entry]:
        """The entries after an instant, oldest first."""
        number = reading_at // self._width
        for later in self._numbers[bisect_left(self._numbers, number) :]:
            bucket = self._bucket(later)
            yield from bucket[bisect_left(bucket, (reading_at + 1,)) :] if later == number else bucket

    def _append(self, known: Entry) -> None:
        """Remembers the newest entry. When it begins a bucket, those that lie behind the bases now fall off.

        At that moment and at no other, so that the state depends on the log alone and not on how it is cut in chunks.
        """
        number = known.reading_at // self._width
        self._touched.add(number)
        self._move_newest(known.reading_at)
        newest = self._open.get(number)
        if newest is not None:
            newest.append(known)
            return
        self._open[number] = [known]
        self._numbers.append(number)
        for fallen in self._needless():
            self._numbers.remove(fallen)
            self._touched.discard(fallen)
            self._fallen.append(fallen)

    def _needless(self) -> list[int]:
        """Buckets wholly before the edge that hold none of the two nearest readings with a value before it."""
        edge = self._edge or 0
        needless = []
        bases = 0
        for number in reversed(self._numbers[: bisect_left(self._numbers, -(-edge // self._width))]):
            behind = (number + 1) * self._width <= edge
            if behind and bases >= BASES:
                needless.append(number)
                continue
            valued = sum(known.value is not None and known.reading_at < edge for known in self._bucket(number))
            if behind and not valued:
                needless.append(number)
            bases += valued
        return needless
