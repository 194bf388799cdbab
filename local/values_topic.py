"""The values topic, read from its start: the current table that it folds to, and whether its changes add up."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import Any

from local.expected import ExpectedRow
from local.topic import records
from runtime.settings.tree import Settings
from runtime.topics import TopicNames
from schemas.canary import is_canary
from schemas.codec import Codec
from schemas.events import MeterValue
from schemas.registry import EmbeddedRegistry

OUTSIDE = "outside_history"
_WIDE = Context(prec=60)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBERS = ("value", "delta", "consumption")
_INSTANTS = ("reading_at", "period_start", "period_end", "previous_reading_at")

Identity = tuple[str, str, str, int]


def read_values(settings: Settings) -> list[MeterValue]:
    """Every event of the configured epoch but the canaries, once each, in the order of its partition."""
    codec = Codec(MeterValue, EmbeddedRegistry())
    events = (codec.decode(record.value) for record in records(settings, TopicNames.of(settings).values))
    return [event for event in events if not is_canary(event.metering_point)]


def current_rows(events: Iterable[MeterValue]) -> list[ExpectedRow]:
    """The table that the events fold to: of each identity the event with the largest sequence."""
    newest: dict[Identity, MeterValue] = {}
    for event in events:
        before = newest.get(_identity(event))
        if event.held != OUTSIDE and (before is None or event.sequence > before.sequence):
            newest[_identity(event)] = event
    return [_row(event) for event in newest.values()]


def broken_sums(events: Sequence[MeterValue]) -> list[str]:
    """Where the sum of `change` is not the sum of current consumption: one line per series and unit.

    Each (identity, sequence) counts once. An identity whose consumption unit changed leaves both sums.
    """
    by_identity: dict[Identity, dict[int, MeterValue]] = defaultdict(dict)
    for event in events:
        if event.held != OUTSIDE:
            by_identity[_identity(event)].setdefault(event.sequence, event)
    sums: dict[tuple[str, str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for identity, said in by_identity.items():
        current = said[max(said)]
        if {event.consumption_unit for event in said.values()} == {current.consumption_unit}:
            both = sums[*identity[:3], current.consumption_unit]
            both[0] += sum(event.change or 0 for event in said.values())
            both[1] += current.consumption or 0
    return [
        f"{' '.join(series)}: the changes add up to {_decimal(changes)}, the consumption to {_decimal(consumption)}"
        for series, (changes, consumption) in sorted(sums.items())
        if changes != consumption
    ]


def _identity(event: MeterValue) -> Identity:
    return event.source, event.metering_point, event.delivery_category, event.reading_at


def _row(event: MeterValue) -> ExpectedRow:
    return ExpectedRow(**{field.name: _told(event, field.name) for field in fields(ExpectedRow)})


def _told(event: MeterValue, name: str) -> Any:
    value = getattr(event, name)
    if value is not None and name in _NUMBERS:
        return _decimal(value)
    if value is not None and name in _INSTANTS:
        return _EPOCH + timedelta(microseconds=value)
    return value


def _decimal(number: int) -> Decimal:
    """An exact decimal with 12 decimals, from units of 10^-12."""
    return Decimal(number).scaleb(-12, _WIDE)
