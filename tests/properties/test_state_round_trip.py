"""A bucket comes back as it went, whatever it holds."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.exact import LIMIT
from streams.buckets import decode, encode
from streams.rules.entry import Entry, Terms
from tests.readings_strategy import timeless

instants = st.integers(-(10**14), 8 * 10**15)
numbers = st.integers(1 - LIMIT, LIMIT - 1) | st.integers(-100, 100) | st.integers(-(2**63) - 2, 2**63 + 2)
texts = st.text(st.characters(codec="utf-8"), max_size=5)

terms = st.builds(
    Terms,
    texts,
    st.none() | texts,
    st.none() | texts,
    st.sampled_from(["register", "volume"]),
    st.sampled_from(["month", "day", "hour", "quarter"]),
    st.sampled_from(["measured", "missing"]),
    texts,
    numbers,
    st.none() | numbers,
    st.none() | numbers,
)
entries = st.builds(Entry, instants, st.none() | numbers, instants, instants, terms, instants, instants)
buckets = st.lists(entries, min_size=1, max_size=8, unique_by=lambda entry: entry.reading_at).map(
    lambda made: sorted(made, key=lambda entry: entry.reading_at)
)


@timeless
@given(buckets)
def test_a_bucket_comes_back_as_it_went(bucket: list[Entry]) -> None:
    assert decode(encode(bucket)) == bucket


@timeless
@given(buckets)
def test_equal_entries_have_equal_bytes(bucket: list[Entry]) -> None:
    """Whatever was encoded and decoded in between: a state topic can be compared byte by byte."""
    data = encode(bucket)
    assert encode(decode(data)) == data
