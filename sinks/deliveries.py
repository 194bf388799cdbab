"""Batches on their way into the database: one at a time, each exactly once, while the next one is read."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from schemas import instants
from sinks.batch import Batch, ManyRefused, Positions, Refused, pieces
from sinks.decoding import refusal
from sinks.delivery import Delivery
from sinks.hand import Attempt, Hand
from sinks.patience import Stopped
from sinks.road import Road
from sinks.watch import Watch
from sinks.writer import Written

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _UnderWay:
    """A batch that is being written; ``attempt``: what was written (None: without our hearing of it), and when."""

    batch: Batch
    attempt: Attempt[tuple[Written | None, int]]


@dataclass(frozen=True)
class Around:
    """What the worker does around a delivery: ``reopen`` the writer, and go on after one was ``delivered``."""

    reopen: Callable[[], Positions]
    delivered: Callable[[Batch], None]


class Deliveries:
    """Delivers batches of one receiver, in their order."""

    def __init__(self, receiver: str, road: Road, watch: Watch, hand: Hand, around: Around) -> None:
        """``hand``: does all that touches the database."""
        self._receiver = receiver
        self._road = road
        self._watch = watch
        self._hand = hand
        self._around = around
        self._under_way: _UnderWay | None = None

    def begin(self, batch: Batch) -> None:
        """Begins with a batch, once the one before it is committed."""
        self.settle()
        self._watch.meters.behind.begun()
        delivery = Delivery(self._road.writer, batch, self._around.reopen)
        refuse = partial(self._refuse, len(batch.rows))

        def attempt() -> tuple[Written | None, int]:
            with self._watch.meters.transaction_seconds.time():
                return delivery.attempt(refuse), instants.now()

        self._under_way = _UnderWay(batch, Attempt(self._hand, attempt))

    def settle(self) -> None:
        """Waits until the batch under way is committed.

        Raises:
            Stopped: the process is to stop, and it is not.
        """
        under_way, self._under_way = self._under_way, None
        if under_way is None:
            return
        try:
            written, at = self._watch.patience.until_done(
                under_way.attempt.outcome, self._watch.meters.condition.waiting
            )
        except ManyRefused:
            self._in_pieces(under_way.batch)
            return
        self._watch.meters.delivered(under_way.batch.rows, written, at)
        refused = written.refused if written is not None else 0
        self._watch.circuits.rows.note(len(under_way.batch.rows) - refused, refused)
        self._around.delivered(under_way.batch)

    def _in_pieces(self, batch: Batch) -> None:
        for piece in pieces(batch):
            self._watch.health.beat()
            if self._watch.stop.requested:
                raise Stopped
            self.begin(piece)
            self.settle()

    def _refuse(self, rows: int, refused: Sequence[Refused]) -> list[str]:
        """Of so many rows; if too many are refused, the transaction is given up here."""
        self._watch.circuits.rows.check(rows - len(refused), len(refused))
        return self.send_refusals(refused)

    def send_refusals(self, refused: Sequence[Refused]) -> list[str]:
        """Makes dead letters of refused rows; their ids, once they are acknowledged."""
        letters = [refusal(bad, self._receiver) for bad in refused]
        self._road.letters.send(letters)
        for letter in letters:
            self._watch.meters.dead_letter(letter)
        log.warning(
            "the database refuses rows; they are dead letters",
            extra={
                "receiver": self._receiver,
                "rows": len(refused),
                "reasons": sorted({bad.reason for bad in refused}),
            },
        )
        return [letter.id for letter in letters]
