"""How often the collector of cyclic garbage looks around: seldom, where many objects are made that all live on."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = (50_000, 20, 100)
"""After 50,000 new objects, not after 700. To look through a batch again and again finds nothing, and takes long."""


def collect_seldom() -> None:
    """From now on; and never among what is there now."""
    gc.freeze()
    gc.set_threshold(*SELDOM)


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """While the context lasts."""
    before = gc.get_threshold()
    collect_seldom()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
