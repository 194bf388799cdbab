"""The state of one partition: loading, keys, sizes, marker."""

import pytest

from schemas.keys import series_key
from streams.fold import Fold, Stamp
from streams.marker import MARKER_KEY, Marker
from streams.state import PartitionState, bucket_key, split_key
from tests.metering import Partition, loaded, register, volume


def test_a_state_that_is_loaded_equals_the_one_that_was_applied() -> None:
    partition = Partition()
    partition.feed([volume(hour, hour) for hour in range(0, 100, 7)])
    partition.feed([register(hour, hour, metering_point="other") for hour in range(50)])
    again = loaded(partition.log)
    assert (again.live_keys, again.series, again.size) == (
        partition.state.live_keys,
        partition.state.series,
        partition.state.size,
    )
    assert again.series == 2
    assert again.live_keys == len(partition.log) == 8
    assert again.size == sum(len(key) + len(value) for key, value in partition.log.items())


def test_a_tombstone_removes_what_it_names_and_only_that() -> None:
    state = PartitionState()
    state.load(b'["s","p","c","hour",1]', b"one")
    state.load(b'["s","p","c","hour",2]', b"two")
    state.load(b'["s","p","c","hour",1]', None)
    state.load(b'["s","p","c","hour",1]', None)
    state.load(b'["s","q","c","hour",1]', None)
    assert (state.live_keys, state.series, state.size) == (1, 1, len(b'["s","p","c","hour",2]two'))
    state.load(b'["s","p","c","hour",2]', None)
    assert (state.live_keys, state.series, state.size) == (0, 0, 0)


def test_the_newest_record_of_a_key_counts() -> None:
    state = PartitionState()
    state.load(b'["s","p","c","hour",1]', b"one")
    state.load(b'["s","p","c","hour",1]', b"other")
    stored = state.find(b'["s","p","c"]')
    assert stored is not None
    assert (dict(stored.buckets), state.live_keys, state.size) == (
        {1: b"other"},
        1,
        len(b'["s","p","c","hour",1]other'),
    )


@pytest.mark.parametrize("point", ["735999100057526501", 'with "quotes", commas] and [brackets', "åäö \\", ""])
def test_a_bucket_s_key_is_taken_apart_as_it_was_made(point: str) -> None:
    series = series_key("source", point, "EL,EXT")
    assert split_key(bucket_key(series, "month", -3)) == (series, "month", -3)


@pytest.mark.parametrize(
    "key",
    [b"", b"marker", b"[]", b'["s","p","c","hour",x]', b'["s","p","c","week",1]', b'["s","p","c","hour",1', b",,"],
)
def test_a_foreign_key_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match="no bucket"):
        PartitionState().load(key, b"")


def test_a_fold_that_is_thrown_away_leaves_no_trace() -> None:
    """As when a transaction fails: the state is touched by apply alone."""
    partition = Partition()
    partition.feed([volume(0, 1), volume(1, 2)])
    fold = Fold(partition.state, partition.rules, Stamp("1", 7))
    for sequence, reading in enumerate([volume(1, 3, 9), volume(2, 3, 9), volume(100, 3, 9)], 2):
        fold.add(sequence, reading)
    assert len(fold.finish().values) == 3
    series = series_key("hours", volume(0, 1).metering_point, "EL-EXT")
    assert partition.state.find(series) == loaded(partition.log).find(series)


def test_a_marker_comes_back_as_it_went() -> None:
    marker = Marker("1", 5_000_000_000, 12, "months=36", "id of readings", "id of values")
    assert Marker.decode(marker.encode()) == marker


def test_a_marker_of_an_older_release_can_be_read() -> None:
    old = b'{"epoch":"1","next_offset":7,"live_keys":3,"history":"months=36"}'
    assert Marker.decode(old) == Marker("1", 7, 3, "months=36", None, None)


@pytest.mark.parametrize("data", [b"", b"{}", b'{"epoch":1}', b"\xff"])
def test_what_is_no_marker_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a marker"):
        Marker.decode(data)


def test_the_marker_s_key_is_no_bucket_s() -> None:
    with pytest.raises(ValueError, match="no bucket"):
        split_key(MARKER_KEY)
