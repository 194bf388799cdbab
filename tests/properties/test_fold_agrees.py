"""Two hands, one table: the rules of streams and the independent fold agree on every series, in every order."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from local.expected_rules import Content, Terms, derive
from schemas import exact, instants
from schemas.events import MeterValue, Reading, SeriesKind
from streams.fold import Fold, Stamp
from streams.rules.rules import Rules
from streams.state import PartitionState

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Said(NamedTuple):
    """A content of one identity: the hour, the value in units of 10^-12, the unit, when it was asked for."""

    hour: int
    value: int | None
    unit: str
    fetched: int


class Setting(NamedTuple):
    """The settings of a series, in units of 10^-12 where they are numbers."""

    kind: SeriesKind
    factor: int
    rolls_over_at: int | None
    max_per_period: int | None
    consumption_unit: str


whole = st.integers(0, 12).map(lambda number: number * exact.ONE)
fine = st.integers(-(10**14), 10**14)
huge = st.integers(exact.LIMIT - 3, exact.LIMIT - 1)
values = st.none() | whole | whole | fine | huge | huge.map(lambda number: -number)
units = st.sampled_from(["kWh", "kWh", "kWh", "MWh", "Wh", "m3"])
said = st.builds(Said, st.integers(0, 7), values, units, st.integers(0, 9))
positive = st.integers(1, 15).map(lambda number: number * exact.ONE)
setting = st.builds(
    Setting,
    st.sampled_from(["register", "volume"]),
    st.sampled_from([exact.ONE, exact.ONE, 40 * exact.ONE, exact.ONE // 3]),
    st.none() | positive,
    st.none() | positive,
    st.sampled_from(["kWh", "MWh", "m3"]),
)


@settings(max_examples=600, deadline=None)
@given(
    setting, st.lists(said, min_size=1, max_size=14, unique_by=lambda one: (one.hour, one.fetched)), st.integers(1, 5)
)
def test_streams_and_the_independent_fold_agree(given_settings: Setting, log: list[Said], chunk: int) -> None:
    """Whatever the values, units, settings and the order of arrival: row for row the same."""
    assert streams_rows(given_settings, log, chunk) == expected(given_settings, log)


def streams_rows(given_settings: Setting, log: Sequence[Said], chunk: int) -> list[tuple[object, ...]]:
    state, rules, rows = PartitionState(), Rules(), dict[bytes, MeterValue]()
    for begin in range(0, len(log), chunk):
        fold = Fold(state, rules, Stamp("1", 0))
        for sequence, one in enumerate(log[begin : begin + chunk], begin):
            fold.add(sequence, reading(given_settings, one))
        folded = fold.finish()
        state.apply(folded)
        rows.update(folded.values)
    return [
        (row.reading_at, row.value, row.unit, row.previous_reading_at, row.delta, row.consumption, row.held)
        for row in sorted(rows.values(), key=lambda row: row.reading_at)
    ]


def expected(given_settings: Setting, log: Sequence[Said]) -> list[tuple[object, ...]]:
    newest: dict[int, Said] = {}
    for one in log:
        if one.hour not in newest or one.fetched > newest[one.hour].fetched:
            newest[one.hour] = one
    contents = [content(newest[hour]) for hour in sorted(newest)]
    return [
        (
            instants.from_datetime(known.at),
            scaled(known.value),
            known.unit,
            None if derived.previous_at is None else instants.from_datetime(derived.previous_at),
            scaled(derived.delta),
            scaled(derived.consumption),
            derived.held,
        )
        for known, derived in zip(contents, derive(contents, terms(given_settings)), strict=True)
    ]


def reading(given_settings: Setting, one: Said) -> Reading:
    at = instants.from_datetime(START + one.hour * HOUR)
    return Reading(
        source="hours",
        customer_number=None,
        metering_point="735999100057526501",
        delivery_category="EL",
        unit=one.unit,
        consumption=one.value,
        reading_at=at,
        reading_date="",
        reading_method=None,
        reading_reason=None,
        fetched_at=one.fetched,
        series_kind=given_settings.kind,
        granularity="hour",
        period_start=at - instants.HOUR,
        period_end=at,
        quality="measured",
        consumption_unit=given_settings.consumption_unit,
        factor=given_settings.factor,
        rolls_over_at=given_settings.rolls_over_at,
        max_per_period=given_settings.max_per_period,
    )


def content(one: Said) -> Content:
    at = START + one.hour * HOUR
    return Content(at, (at - HOUR, at), fraction(one.value), one.unit, None, None)


def terms(given_settings: Setting) -> Terms:
    return Terms(
        kind=given_settings.kind,
        factor=Fraction(given_settings.factor, exact.ONE),
        rolls_over_at=fraction(given_settings.rolls_over_at),
        max_per_period=fraction(given_settings.max_per_period),
        consumption_unit=given_settings.consumption_unit,
    )


def fraction(number: int | None) -> Fraction | None:
    return None if number is None else Fraction(number, exact.ONE)


def scaled(number: Fraction | None) -> int | None:
    if number is None:
        return None
    assert (number * exact.ONE).denominator == 1
    return (number * exact.ONE).numerator
