"""Dead letters of a source: of something in an answer or a file, or of the whole."""

import msgspec

from producer.feed import Feed
from producer.response import Unreadable
from runtime.dead_letters import Context, Original, dead_letter
from runtime.errors import Poison
from schemas.events import DeadLetter
from schemas.keys import point_key
from schemas.reasons import Stage

TOPIC = "http"
"""Where the original of a producer's dead letter stood."""


class Refusals:
    """Makes them."""

    def __init__(self, feed: Feed) -> None:
        """``feed``: of which they are."""
        self._feed = feed

    def letter(self, metering_point: str, original: bytes, error: Poison, fetched_at: int) -> DeadLetter:
        """Of something that came about a point."""
        return dead_letter(
            Original(TOPIC, original, point_key(metering_point)),
            Context(Stage.PRODUCER, self._feed.name, fetched_at=fetched_at),
            error.reason,
            error.detail,
        )

    def unreadable(self, what: str, error: Unreadable, fetched_at: int) -> DeadLetter:
        """Of a whole body: one per source, ``what`` (a point, a file) and reason, however often it comes."""
        return dead_letter(
            Original(TOPIC, error.body, point_key(what)),
            Context(Stage.PRODUCER, self._feed.name, fetched_at=fetched_at),
            error.reason,
            error.detail,
            identity=msgspec.json.encode((self._feed.name, what, error.reason)),
        )
