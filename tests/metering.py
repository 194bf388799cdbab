"""Readings with defaults, and a partition to feed them to: list in, rows out."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from schemas import exact
from schemas.events import MeterValue, Reading
from schemas.instants import DAY, HOUR
from streams.fold import Fold, Folded, Stamp
from streams.rules.rules import Rules
from streams.state import PartitionState

START = 1_700_000_000_000_000 // DAY * DAY
"""Hour 0 of the tests: a midnight, UTC."""

Number = int | str | None
"""A number as written in a test: 5, "0.5" or None for missing."""


def number(written: Number) -> int | None:
    """In units of 10^-12."""
    return None if written is None else exact.parse(str(written))


def at(hour: int) -> int:
    """The instant of an hour of the tests."""
    return START + hour * HOUR


def volume(hour: int, value: Number, fetched: int = 0, **others: Any) -> Reading:
    """An hour's volume in kWh, stamped with the hour's end and fetched in second ``fetched``."""
    written = {
        name: number(others.pop(name)) for name in ("factor", "rolls_over_at", "max_per_period") if name in others
    }
    plain = Reading(
        source="hours",
        customer_number="C1",
        metering_point="735999100057526501",
        delivery_category="EL-EXT",
        unit="kWh",
        consumption=number(value),
        reading_at=at(hour),
        reading_date="as sent",
        reading_method="Fjärr",
        reading_reason="2",
        fetched_at=START + fetched * 1_000_000,
        series_kind="volume",
        granularity="hour",
        period_start=at(hour - 1),
        period_end=at(hour),
        quality="measured",
        consumption_unit="kWh",
        factor=exact.ONE,
        rolls_over_at=None,
        max_per_period=None,
    )
    return msgspec.structs.replace(plain, **written, **others)


def register(hour: int, value: Number, fetched: int = 0, **others: Any) -> Reading:
    """A register's position at an hour, in kWh."""
    return volume(hour, value, fetched, series_kind="register", **others)


class Partition:
    """Feeds readings chunk by chunk, as the worker does, and keeps what a reader of the topics would have."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self.state = PartitionState()
        self.log: dict[bytes, bytes] = {}
        self.values: list[tuple[bytes, MeterValue]] = []
        self.duplicates = 0
        self.offset = 0

    def feed(self, readings: Iterable[Reading]) -> list[MeterValue]:
        """One chunk; gives its events."""
        fold = Fold(self.state, self.rules, Stamp("1", 7))
        for reading in readings:
            fold.add(self.offset, reading)
            self.offset += 1
        folded = fold.finish()
        self.state.apply(folded)
        assert folded.live_keys == self.state.live_keys
        self._keep(folded)
        return [value for _, value in folded.values]

    def reload(self) -> None:
        """Forgets the memory and reads the state topic again."""
        self.state = loaded(self.log)

    def rows(self) -> dict[bytes, MeterValue]:
        """The current row of each identity; events outside the history have keys of their own."""
        return {key: value for key, value in self.values if value.held != "outside_history"}

    def _keep(self, folded: Folded) -> None:
        self.values += folded.values
        self.duplicates += folded.duplicates
        for key, data in folded.state:
            if data is None:
                assert self.log.pop(key, None) is not None, "a tombstone for a key that never was"
            else:
                self.log[key] = data


def loaded(log: dict[bytes, bytes]) -> PartitionState:
    """A state as a restarted worker reads it."""
    state = PartitionState()
    for key, data in log.items():
        state.load(key, data)
    return state


def rows_of(readings: Sequence[Reading], rules: Rules | None = None) -> list[MeterValue]:
    """The final rows by reading_at, all readings in one chunk."""
    partition = Partition(rules)
    partition.feed(readings)
    return sorted(partition.rows().values(), key=lambda value: value.reading_at)
