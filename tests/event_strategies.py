"""Any event that may be written: strategies for laws about them."""

from typing import get_args

from hypothesis import strategies as st

from schemas import events, exact, instants
from schemas.events import DeadLetter, Header, MeterValue, Reading

texts = st.text(max_size=40)
numbers = st.integers(1 - exact.LIMIT, exact.LIMIT - 1)
moments = st.integers(instants.EARLIEST, instants.LATEST)
longs = st.integers(-(2**63), 2**63 - 1)
blobs = st.binary(max_size=60)


def words(literal: object) -> st.SearchStrategy[str]:
    return st.sampled_from(get_args(literal))


readings = st.builds(
    Reading,
    source=texts,
    customer_number=st.none() | texts,
    metering_point=texts,
    delivery_category=texts,
    unit=texts,
    consumption=st.none() | numbers,
    reading_at=moments,
    reading_date=texts,
    reading_method=st.none() | texts,
    reading_reason=st.none() | texts,
    fetched_at=moments,
    series_kind=words(events.SeriesKind),
    granularity=words(events.Granularity),
    period_start=moments,
    period_end=moments,
    quality=words(events.Quality),
    consumption_unit=texts,
    factor=numbers,
    rolls_over_at=st.none() | numbers,
    max_per_period=st.none() | numbers,
)
meter_values = st.builds(
    MeterValue,
    source=texts,
    metering_point=texts,
    delivery_category=texts,
    reading_at=moments,
    series_kind=words(events.SeriesKind),
    granularity=words(events.Granularity),
    period_start=moments,
    period_end=moments,
    value=st.none() | numbers,
    unit=texts,
    previous_reading_at=st.none() | moments,
    delta=st.none() | numbers,
    consumption=st.none() | numbers,
    consumption_unit=texts,
    change=st.none() | numbers,
    quality=words(events.Quality),
    reading_method=st.none() | texts,
    reading_reason=st.none() | texts,
    cause=words(events.Cause),
    held=st.none() | texts,
    fetched_at=moments,
    epoch=texts,
    sequence=longs,
    published_at=moments,
)
letters = st.builds(
    DeadLetter,
    id=texts,
    stage=texts,
    reason=texts,
    detail=texts,
    source=st.none() | texts,
    receiver=st.none() | texts,
    topic=texts,
    partition=st.none() | st.integers(-(2**31), 2**31 - 1),
    offset=st.none() | longs,
    original_key=st.none() | blobs,
    original_value=st.none() | blobs,
    original_headers=st.lists(st.builds(Header, texts, st.none() | blobs), max_size=3).map(tuple),
    original_length=longs,
    original_sha256=st.none() | texts,
    fetched_at=st.none() | moments,
    seen_at=moments,
)
