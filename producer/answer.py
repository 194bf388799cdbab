"""One whole answer about a point: all pages of a window, fetched and read down to raw readings."""

import hashlib
from dataclasses import dataclass, field
from typing import Protocol

from producer import surrogates
from producer.budget import Budget
from producer.client import Body
from producer.feed import Feed
from producer.points import Point
from producer.refusals import Refusals
from producer.response import Message, Unreadable, read_message, read_page
from producer.windows import Window
from runtime.errors import Poison
from runtime.metrics import ProducerMetrics
from schemas import instants
from schemas.events import DeadLetter
from schemas.reasons import Reason


@dataclass(slots=True)
class Answer:
    """``digest``: equal for equal bodies. ``letters``: of messages that cannot be used.

    ``seen``: the very bytes were read before, so they were not read again, and there are neither messages nor letters.
    """

    fetched_at: int
    digest: bytes = b""
    seen: bool = False
    messages: list[Message] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)

    @property
    def readings(self) -> int:
        """How many readings its messages hold."""
        return sum(len(message.readings) for message in self.messages)

    @property
    def items(self) -> int:
        """How many things it led to."""
        return self.readings + len(self.messages) + len(self.letters)


class Pages(Protocol):
    """What gives one answer or one page of it; :class:`producer.client.Client` does."""

    async def get(self, point: Point, window: Window, page: str | None = None) -> Body:
        """Raises Transient, or Unreadable for a body that is too large."""


class Asker(Refusals):
    """Fetches and reads the answers of one source."""

    def __init__(self, feed: Feed, client: Pages, metrics: ProducerMetrics) -> None:
        """Takes what it asks with."""
        super().__init__(feed)
        self._client = client
        self._ok, self._unreadable = (metrics.calls.labels(feed.name, outcome) for outcome in ("ok", "unreadable"))

    async def ask(self, point: Point, window: Window, later_than: int, seen: bytes = b"") -> Answer:
        """All pages of a window. Its ``fetched_at`` is later than the last one that was given to the point.

        If one page fails, the whole answer has failed and is asked for again: half of a part must not pass for it.
        ``seen``: the digest of an answer that need not be read again.

        Raises:
            Transient: no whole answer.
            Unreadable: one that cannot be read; also a failed fetch.
        """
        digest = hashlib.blake2b(digest_size=16)
        budget = Budget(self._feed.settings.limits)
        answer: Answer | None = None
        page: str | None = None
        for number in range(1, self._feed.settings.limits.max_pages + 1):
            body = await self._client.get(point, window, page)
            if answer is None:
                answer = Answer(max(body.sent_at, later_than + instants.MILLISECOND))
            digest.update(b"%s %d:" % (repr(body.charset).encode(), len(body.data)))
            digest.update(body.data)
            answer.digest = digest.digest()
            answer.seen = answer.digest == seen
            try:
                page = None if answer.seen else self._read(answer, point, body, number, budget)
            except Poison as error:
                self._unreadable.inc()
                raise Unreadable(error.detail, body.data) from error
            self._ok.inc()
            if page is None:
                return answer
        raise Unreadable(f"more than {number} pages (limits.max_pages)", body.data)

    def _read(self, answer: Answer, point: Point, body: Body, number: int, budget: Budget) -> str | None:
        """Adds one page to the answer; returns what asks for the next one."""
        budget.page(body.data)
        mapping = self._feed.mapping
        page = read_page(body.data, body.charset, mapping.envelope, number)
        budget.items(answer.items + len(page.messages), body.data)
        alone = mapping.envelope.shape == "object"
        for raw in page.messages:
            try:
                answer.messages.append(read_message(raw, mapping.fields, point.metering_point, alone=alone))
            except Poison as error:
                if error.reason == Reason.UNREADABLE_RESPONSE:
                    raise
                answer.letters.append(
                    self.letter(point.metering_point, surrogates.unmask(raw), error, answer.fetched_at)
                )
        budget.items(answer.items, body.data)
        return page.next
