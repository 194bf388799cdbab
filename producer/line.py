"""One source as one process polls it."""

from collections.abc import Sequence
from dataclasses import dataclass

from producer.feed import Feed
from producer.points import Point
from producer.windows import Spans


@dataclass(frozen=True)
class Line:
    """One source as it is polled by this process."""

    feed: Feed
    spans: Spans
    points: Sequence[Point]
