"""One layout, the customer's own table that takes its rows, and by which columns they are found there."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from runtime.errors import ConfigError
from sinks.layouts import Layout
from sinks.layouts.matching import match_problems


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


def projected(layouts: Sequence[Layout], into: Mapping[str, str], where: str) -> tuple[Layout, ...]:
    """Layouts with the tables that they go into.

    Args:
        layouts: of a receiver's stage.
        into: by view the table.
        where: that is set.

    Raises:
        ConfigError: there is no such view, a layout does not say how its rows are told apart, two go into one table.
    """
    problems = [
        f"{where}: {view} is the view of no layout; there are: {', '.join(one.view for one in layouts) or 'none'}"
        for view in into.keys() - {layout.view for layout in layouts}
    ]
    found = tuple(replace(layout, into=into.get(layout.view)) for layout in layouts)
    for layout in found:
        problems += [f"{where}: {problem}" for problem in match_problems(layout)] if layout.into else []
    twice = {table for table, count in Counter(into.values()).items() if count > 1}
    problems += [f"{where}: two layouts go into table {table}; give each its own" for table in sorted(twice)]
    if problems:
        raise ConfigError(sorted(problems))
    return found


def projections_of(layouts: Sequence[Layout]) -> list[Projection]:
    """Those among some layouts that are projected."""
    return [Projection(layout, layout.into) for layout in layouts if layout.into is not None]
