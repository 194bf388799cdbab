"""One layout, the customer's own table that takes its rows, and by which columns they are found there."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sinks.layouts import Layout


@dataclass(frozen=True)
class Projection:
    """Of one receiver's stage. ``table``: as the settings write it, with or without its schema."""

    layout: Layout
    table: str

    @cached_property
    def ledger(self) -> str:
        """The receiver's own table of what it has put there. Another one for other match columns, or elsewhere."""
        what = "\0".join((self.layout.view, self.table, *self.match)).encode()
        return f"projected_{self.layout.view}_{hashlib.blake2b(what, digest_size=4).hexdigest()}"

    @property
    def match(self) -> tuple[str, ...]:
        """The columns by which rows are found."""
        return self.layout.file.match

    @cached_property
    def places(self) -> Sequence[int]:
        """Which of the layout's columns these are."""
        return [self.layout.columns.index(name) for name in self.match]

    def fingerprint(self, epoch: str) -> str:
        """Equal exactly where all rows are the same. ``epoch``: of which the receiver shows the values."""
        return hashlib.blake2b(f"{epoch}\0{self.layout.fingerprint}".encode(), digest_size=16).hexdigest()


def projections_of(layouts: Sequence[Layout]) -> list[Projection]:
    """Those among some layouts that are projected."""
    return [Projection(layout, layout.into) for layout in layouts if layout.into is not None]
