"""The independent fold: from the utility's ledger to the table that must be found in the end.

It shares no code with the product: exact fractions, one plain pass per rule, docs/architecture.md sections 2, 4, 7 read
again. Slow on purpose; a difference between it and a receiver's table is an error in one of the two.

Out of its scope: readings dated before the edge of the history (it raises OutsideHistory rather than guess), zones
with change-over, several kinds (register, volume) within one series, and operators' decisions on holds.
"""

import csv
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from fractions import Fraction
from pathlib import Path

import msgspec

from local.expected_dates import local_time, period
from local.expected_rules import Content, Derived, Terms, consumption_unit, derive

Line = Mapping[str, object]
_WIDE = Context(prec=200)
_HISTORY_DAYS = {"day": 400, "hour": 45, "quarter": 45}
_HISTORY_MONTHS = 36
_QUALITIES = {
    "Fjärr": "measured",
    "Godkänd": "measured",
    "Beräknad": "calculated",
    "Temporär": "temporary",
    "21": "temporary",
    "56": "estimated",
}


class OutsideHistory(Exception):
    """A series holds a reading older than its history: the fold has no rule for it."""


@dataclass(frozen=True)
class FeedFacts:
    """What a run's settings say about a feed. stamps, kinds, units: by category; without an entry the default.

    units: consumption units that are set; else kWh for Wh, kWh, MWh and GWh, and the unit as sent for others.
    """

    source: str
    granularity: str
    stamp: str
    stamps: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    offset: timedelta = timedelta(hours=1)
    qualities: Mapping[str, str] = field(default_factory=lambda: _QUALITIES)
    roll_over_share: Fraction = Fraction(1, 10)


@dataclass(frozen=True)
class ExpectedRow:
    """One row of the table. Numbers are exact, with 12 decimals; times are UTC; texts are in NFC."""

    source: str
    metering_point: str
    delivery_category: str
    reading_at: datetime
    period_start: datetime
    period_end: datetime
    value: Decimal | None
    unit: str
    previous_reading_at: datetime | None
    delta: Decimal | None
    consumption: Decimal | None
    consumption_unit: str
    quality: str
    reading_method: str | None
    reading_reason: str | None
    held: str | None


def expected_rows(
    lines: Iterable[Line], settings: Mapping[str, Sequence[Mapping[str, str]]], feeds: Mapping[str, FeedFacts]
) -> list[ExpectedRow]:
    """The table that a ledger's lines must lead to.

    Args:
        lines: the ledger's lines, in its order; only kind "reading" counts.
        settings: by feed, the rows of its points file (metering_point, category, kind, factor, ...).
        feeds: by feed, its facts.

    Returns:
        Rows ordered by source, metering point, category and reading_at.

    Raises:
        OutsideHistory: a reading is older than the history of its series.
    """
    rows: list[ExpectedRow] = []
    by_point: dict[tuple[str, str], list[Mapping[str, str]]] = defaultdict(list)
    for feed, points in settings.items():
        for row in points:
            by_point[feed, row["metering_point"]].append(row)
    for (feed, point, category), contents in _series(lines, feeds).items():
        facts = feeds[feed]
        terms = terms_of(by_point[feed, point], category, facts)
        ordered = [contents[at] for at in sorted(contents)]
        _inside_history(ordered, facts.granularity)
        for content, derived in zip(ordered, derive(ordered, terms), strict=True):
            rows.append(_row((facts, point, category), content, terms, derived))
    return sorted(rows, key=lambda row: (row.source, row.metering_point, row.delivery_category, row.reading_at))


def expected_dead_letters(lines: Iterable[Line]) -> dict[tuple[str, str | None, str], set[str]]:
    """By (feed, point, reason): the distinct originals. A whole body has none: the set is then {""}.

    These are the broken things that were handed over completely; if the one who asked was killed before it
    could use an answer, it may never have seen one that was mended meanwhile.
    """
    found: dict[tuple[str, str | None, str], set[str]] = defaultdict(set)
    for line in lines:
        if line["kind"] != "reading":
            point = None if line["point"] is None else str(line["point"])
            key = (str(line["feed"]), point, str(line["dead_letter"]))
            found[key].add(str(line["original"] or ""))
    return dict(found)


def read_ledger(path: Path) -> list[Line]:
    """All complete lines of a ledger."""
    with path.open("rb") as file:
        return [msgspec.json.decode(line, type=dict[str, object]) for line in file if line.endswith(b"\n")]


def read_settings(path: Path) -> list[dict[str, str]]:
    """The rows of a points file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def terms_of(rows: Sequence[Mapping[str, str]], category: str, facts: FeedFacts) -> Terms:
    """The settings of a series, from its point's rows: its own, else the one for all; empty cells: defaults."""
    own = next((row for row in rows if row["category"] == category), None)
    row = own or next((row for row in rows if row["category"] == ""), {})
    limit, top = row.get("max_per_period") or None, row.get("rolls_over_at") or None
    return Terms(
        kind=row.get("kind") or facts.kinds.get(category, "volume"),
        factor=Fraction(row.get("factor") or "1"),
        rolls_over_at=None if top is None else Fraction(top),
        max_per_period=None if limit is None else Fraction(limit),
        consumption_unit=row.get("consumption_unit") or facts.units.get(category),
        roll_over_share=facts.roll_over_share,
    )


def _series(
    lines: Iterable[Line], feeds: Mapping[str, FeedFacts]
) -> dict[tuple[str, str, str], dict[datetime, Content]]:
    """By series and reading_at, the content that won: the last one served; an equal one replaces nothing."""
    table: dict[tuple[str, str, str], dict[datetime, Content]] = defaultdict(dict)
    for line in lines:
        if line["kind"] != "reading" or line.get("superseded"):
            continue
        feed, category = str(line["feed"]), str(line["category"])
        content = _content(line, category, feeds[feed])
        series = table[feed, str(line["point"]), category]
        before = series.get(content.at)
        if before is None or _compared(before) != _compared(content):
            series[content.at] = content
    return table


def _content(line: Line, category: str, facts: FeedFacts) -> Content:
    stamp = facts.stamps.get(category, facts.stamp)
    local = local_time(str(line["reading_date"]), stamp, facts.offset)
    text = line["consumption"]
    start, end = period(local, facts.granularity, stamp)
    return Content(
        at=(local - facts.offset).replace(tzinfo=UTC),
        period=((start - facts.offset).replace(tzinfo=UTC), (end - facts.offset).replace(tzinfo=UTC)),
        value=None if text is None else Fraction(str(text)),
        unit=str(line["unit"]),
        method=None if line["method"] is None else str(line["method"]),
        reason=None if line["reason"] is None else str(line["reason"]),
    )


def _compared(content: Content) -> tuple[object, ...]:
    """What equal contents have in common: numbers as numbers, texts after NFC, units as written."""
    return (content.value, content.unit, _nfc(content.method), _nfc(content.reason))


def _nfc(text: str | None) -> str | None:
    return None if text is None else unicodedata.normalize("NFC", text)


def _inside_history(ordered: Sequence[Content], granularity: str) -> None:
    newest, oldest = ordered[-1].at, ordered[0].at
    if granularity == "month":
        months = newest.year * 12 + newest.month - _HISTORY_MONTHS
        old = oldest.year * 12 + oldest.month < months
    else:
        old = oldest < newest - timedelta(days=_HISTORY_DAYS[granularity])
    if old:
        raise OutsideHistory(f"a series reaches from {oldest} to {newest}: the fold covers its history only")


def _row(where: tuple[FeedFacts, str, str], content: Content, terms: Terms, derived: Derived) -> ExpectedRow:
    facts, point, category = where
    quality = "missing"
    if content.value is not None:
        quality = facts.qualities.get(_nfc(content.method) or "", "unknown")
    return ExpectedRow(
        source=facts.source,
        metering_point=point,
        delivery_category=category,
        reading_at=content.at,
        period_start=content.period[0],
        period_end=content.period[1],
        value=_decimal(content.value),
        unit=unicodedata.normalize("NFC", content.unit),
        previous_reading_at=derived.previous_at,
        delta=_decimal(derived.delta),
        consumption=_decimal(derived.consumption),
        consumption_unit=consumption_unit(terms, content.unit),
        quality=quality,
        reading_method=_nfc(content.method),
        reading_reason=_nfc(content.reason),
        held=derived.held,
    )


def _decimal(number: Fraction | None) -> Decimal | None:
    """An exact decimal with 12 decimals."""
    if number is None:
        return None
    scaled = number * 10**12
    if scaled.denominator != 1:
        raise ValueError("a number has more than 12 decimals: the ledger holds a reading that is out of range")
    return Decimal(scaled.numerator).scaleb(-12, _WIDE)
