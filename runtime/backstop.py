"""A limit for what waits without one: what it stands behind may hang, in this loop or in a thread that is joined."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def backstop(seconds: float, otherwise: Callable[[], object]) -> Iterator[None]:
    """Calls ``otherwise``, in another thread, where the block takes longer than so many seconds."""
    timer = threading.Timer(seconds, otherwise)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
