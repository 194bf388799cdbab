"""A layout: what a receiving system reads, as data."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, model_validator

from runtime.settings.group import Group
from runtime.settings.receiver import PolicySettings
from schemas.events import Granularity, SeriesKind
from sinks.layouts import reasons
from sinks.layouts.columns import Column, Kind, NumberColumn, RemainderColumn, TimeColumn
from sinks.layouts.zone import Zone, zone_of

WITHHELD = "_withheld"
OURS = ("points", "receiver", "epochs", "positions", "refused_rows", "put_backs", "journal", "passes", "incoming")
VERSION = 1
"""Of what is made from a layout; another one makes every view anew."""


class Policy(Group):
    """What becomes of values that are not as the receiver would like them; see docs/layouts.md."""

    estimated: Literal["deliver", "wait"] = "deliver"
    missing: Literal["null", "skip"] = "null"
    held: Literal["null", "skip"] = "null"
    gap: Literal["deliver", "null", "skip"] = "null"

    @property
    def skipped(self) -> tuple[str, ...]:
        """Why a row may not be shown, of the reasons for which its number is not known."""
        return (
            *((reasons.MISSING, reasons.FIRST_READING) if self.missing == "skip" else ()),
            *((reasons.GAP,) if self.gap == "skip" else ()),
            *(reasons.HELD_BACK if self.held == "skip" else ()),
        )

    def overridden(self, by: PolicySettings) -> "Policy":
        """What a receiver's own settings make of it."""
        return self.model_copy(update=by.model_dump(exclude_none=True))


class LayoutFile(Group):
    """A layout as its file writes it."""

    view: str = Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")
    about: str = ""
    key: Literal["receiver_key", "series"] = "receiver_key"
    max_key: int | None = Field(default=None, ge=1)
    granularities: tuple[Granularity, ...] = ()
    kinds: tuple[SeriesKind, ...] = ()
    policy: Policy = Policy()
    match: tuple[str, ...] = ()
    columns: tuple[Column, ...]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if problems := list(self._problems()):
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        if self.view.startswith("meter_values") or self.view in OURS or self.view.endswith(WITHHELD):
            yield f"view: {self.view} is a name of our own tables and views; take another"
        names = [column.name.lower() for column in self.columns]
        all_names = {column.name for column in self.columns}
        yield from (f"{name} is the name of two columns" for name in sorted(set(names)) if names.count(name) > 1)
        numbers = {column.name: column for column in self.columns if isinstance(column, NumberColumn)}
        if not numbers:
            yield "no column shows a number; add one from figure, consumption or position"
        sources = {column.source for column in numbers.values()}
        if "figure" in sources and len(sources) > 1:
            yield "a layout shows either the figure, or consumption and position"
        yield from (f"match: {name} is no column of this layout" for name in self.match if name not in all_names)
        yield from _loose_ends(self.columns, numbers)
        for column in self.columns:
            if isinstance(column, TimeColumn) and column.zone is not None:
                try:
                    zone_of(column.zone)
                except ValueError as error:
                    yield f"{column.name}: {error}"


def _loose_ends(columns: tuple[Column, ...], numbers: dict[str, NumberColumn]) -> Iterator[str]:
    """References to columns that are not there, and roundings that would drop what they cut."""
    rests = {column.of for column in columns if isinstance(column, RemainderColumn)}
    for column in columns:
        of = getattr(column, "of", None)
        if of is not None and of not in numbers:
            yield f"{column.name}: of = {of} is no number of this layout; there are: {', '.join(numbers) or 'none'}"
    for name, number in numbers.items():
        if (name in rests) != (number.remainder == "round"):
            yield f'{name}: remainder = "round" goes with a column from = "remainder", of = "{name}", and only then'


@dataclass(frozen=True)
class Layout:
    """A layout as one receiver's stage has it.

    Attributes:
        zone: the receiver's, in which its points are valid.
        into: the customer's own table that its rows stand in besides; None: they are shown by the view alone.
    """

    name: str
    file: LayoutFile
    policy: Policy
    zone: Zone
    into: str | None = None

    @property
    def view(self) -> str:
        """The view that shows it."""
        return self.file.view

    @property
    def withheld_view(self) -> str:
        """The view that says what it does not show, and why."""
        return self.withheld_of(self.file.view)

    @staticmethod
    def withheld_of(view: str) -> str:
        """The second view of a layout with this view."""
        return view + WITHHELD

    @property
    def columns(self) -> tuple[str, ...]:
        """The names, in order."""
        return tuple(column.name for column in self.file.columns)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What each column holds."""
        return tuple(column.kind for column in self.file.columns)

    @property
    def keyed(self) -> bool:
        """Whether its rows go by the receiver's keys."""
        return self.file.key == "receiver_key"

    @property
    def max_key(self) -> int | None:
        """The most characters that a receiver key may have; None: any number."""
        return self.file.max_key

    @cached_property
    def numbers(self) -> tuple[NumberColumn, ...]:
        """The columns that show a number of the feed."""
        return tuple(column for column in self.file.columns if isinstance(column, NumberColumn))

    @cached_property
    def main(self) -> str:
        """What a row is about, and its reason speaks of: figure, consumption, or position where that alone is shown."""
        sources = {number.source for number in self.numbers}
        return next(source for source in ("figure", "consumption", "position") if source in sources)

    def number(self, of: str | None) -> NumberColumn:
        """The number that a column speaks of."""
        return next(number for number in self.numbers if of is None or number.name == of)

    def zone_of(self, column: TimeColumn) -> Zone:
        """In whose time a column is shown."""
        return self.zone if column.zone is None else zone_of(column.zone)

    @property
    def changing_zones(self) -> list[str]:
        """The zones with change-over in which times are shown."""
        times = (column for column in self.file.columns if isinstance(column, TimeColumn))
        zones = {zone.name for zone in map(self.zone_of, times) if zone.minutes is None}
        return sorted(zones)

    @property
    def fingerprint(self) -> str:
        """Equal exactly for layouts that show the same; wherever their rows stand besides."""
        file = self.file.model_dump_json(exclude={"match"})
        what = f"{VERSION}\n{self.zone.name}\n{self.policy.model_dump_json()}\n{file}"
        return hashlib.blake2b(what.encode(), digest_size=16).hexdigest()
