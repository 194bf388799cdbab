"""The hand that writes: one thread for all that touches the database, so that the next batch is read meanwhile."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Hand:
    """Does one thing after another, in a thread of its own: a connection is never used by two."""

    def __init__(self) -> None:
        """Its thread begins with the first thing to do."""
        self._thread = ThreadPoolExecutor(1, "database")

    def do(self, call: Callable[[], T]) -> T:
        """Does it, and waits for it."""
        return self.start(call).result()

    def start(self, call: Callable[[], T]) -> "Future[T]":
        """Puts it behind what is under way."""
        return self._thread.submit(call)

    def close(self) -> None:
        """Waits for what is under way, and ends the thread."""
        self._thread.shutdown()


class Attempt(Generic[T]):
    """Something that was begun once, and is done again each time that its outcome is asked for once more."""

    def __init__(self, hand: Hand, call: Callable[[], T]) -> None:
        self._hand = hand
        self._call = call
        self._begun: Future[T] | None = hand.start(call)

    def outcome(self) -> T:
        """Waits for what it returns, or raises what it raises."""
        begun, self._begun = self._begun or self._hand.start(self._call), None
        return begun.result()
