"""What is done in the database between two deliveries."""

from collections.abc import Callable
from itertools import count
from typing import TypeVar

from runtime.errors import Superseded
from sinks.batch import Positions
from sinks.deliveries import Deliveries
from sinks.hand import Hand
from sinks.watch import Watch

T = TypeVar("T")


class Aside:
    """Calls to a writer when no delivery is under way; after a failure all must be as this worker left it."""

    def __init__(self, receiver: str, watch: Watch, hand: Hand, deliveries: Deliveries) -> None:
        """``hand``: does all that touches the database."""
        self._receiver = receiver
        self._watch = watch
        self._hand = hand
        self._deliveries = deliveries

    def do(self, call: Callable[[], T], reopen: Callable[[], Positions], at: Positions) -> T:
        """Settles what is under way, and calls until it succeeds.

        Args:
            call: what is to be done.
            reopen: opens the writer again after a failure, and reads the positions.
            at: where this worker left them.

        Raises:
            Superseded: they were moved.
            Stopped: the process is to stop.
        """
        self._deliveries.settle()
        tries = count()

        def attempt() -> T:
            if next(tries):
                self.check(reopen(), at)
            return call()

        return self._watch.patience.until_done(lambda: self._hand.do(attempt), self._watch.meters.condition.waiting)

    def check(self, positions: Positions, at: Positions) -> None:
        """The positions are where this worker left them.

        Raises:
            Superseded: they are not.
        """
        if positions != at:
            raise Superseded(
                f"the positions of receiver {self._receiver} were moved: by another worker (run one per receiver and "
                "share), or with a backup that was restored. A new start goes on where they stand"
            )
