"""From rows to the events that are published."""

from typing import NamedTuple

import msgspec

from schemas.events import Cause, MeterValue
from schemas.exact import representable
from schemas.reasons import Held
from streams.rules.derive import Changed, Row
from streams.rules.entry import Entry
from streams.rules.row import Derived, period_volume


class Series(NamedTuple):
    """The unit of ordering and state."""

    source: str
    metering_point: str
    delivery_category: str


class Origin(msgspec.Struct, frozen=True, gc=False):
    """Where an event comes from: the offset of the reading that caused it, within an epoch."""

    epoch: str
    sequence: int
    published_at: int


def event(series: Series, changed: Changed, cause: Cause, origin: Origin) -> MeterValue:
    """The event of a row that changed."""
    return _event(series, changed.now, change(changed), cause, origin)


def outside(series: Series, arrived: Entry, origin: Origin) -> MeterValue:
    """The event of a reading dated before the edge of the history: what can be said without any other reading.

    A volume has its consumption, unless its unit or limit forbids it; a register has none.
    """
    consumption = None
    if arrived.value is not None and arrived.terms.kind == "volume":
        consumption, _ = period_volume(arrived.value, arrived.terms)
    derived = Derived(None, None, consumption, Held.OUTSIDE_HISTORY)
    return _event(series, Row(arrived, derived), None, "new", origin)


def change(changed: Changed) -> int | None:
    """The row's consumption minus what the row said before; a missing one counts as nothing.

    None where the consumption unit changed, or the difference has too many digits.
    """
    now, was = changed.now, changed.was
    before = 0
    if was is not None:
        if was.entry.terms.consumption_unit != now.entry.terms.consumption_unit:
            return None
        before = was.derived.consumption or 0
    difference = (now.derived.consumption or 0) - before
    return difference if representable(difference) else None


def _event(series: Series, row: Row, change: int | None, cause: Cause, origin: Origin) -> MeterValue:
    entry, derived = row.entry, row.derived
    terms = entry.terms
    return MeterValue(
        series.source,
        series.metering_point,
        series.delivery_category,
        entry.reading_at,
        terms.kind,
        terms.granularity,
        entry.reading_at - entry.before,
        entry.reading_at + entry.after,
        entry.value,
        terms.unit,
        derived.previous_reading_at,
        derived.delta,
        derived.consumption,
        terms.consumption_unit,
        change,
        "missing" if entry.value is None else terms.quality,
        terms.method,
        terms.reason,
        cause,
        None if derived.held is None else derived.held.value,
        entry.brought,
        origin.epoch,
        origin.sequence,
        origin.published_at,
    )
