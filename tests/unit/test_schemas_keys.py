"""Keys and partitions: every client in every language must come to the same ones."""

import pytest
from kafka.partitioner import murmur2

from schemas import keys

JAVA_HASHES = {
    "21": -973932308,
    "foobar": -790332482,
    "a-little-bit-long-string": -985981536,
    "a-little-bit-longer-string": -1486304829,
    "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    "abc": 479470107,
}
"""The examples of Apache Kafka's own test of Utils.murmur2."""

POINTS = ["735999100057526501", "0012345678901234", "å-ä-ö", "", "x" * 999]


@pytest.mark.parametrize("count", [1, 2, 8, 97])
@pytest.mark.parametrize(("text", "java"), JAVA_HASHES.items())
def test_the_partition_is_the_one_of_javas_default_partitioner(text: str, java: int, count: int) -> None:
    assert keys.partition_of(text, count) == (java & 0x7FFFFFFF) % count


@pytest.mark.parametrize("point", POINTS)
def test_the_partition_is_the_one_of_kafka_python(point: str) -> None:
    assert keys.partition_of(point, 12) == (murmur2(point.encode()) & 0x7FFFFFFF) % 12


STORED_PARTITIONS = [6, 4, 3, 1, 6]


def test_partitions_of_some_points_are_fixed_for_ever() -> None:
    assert [keys.partition_of(point, 8) for point in POINTS] == STORED_PARTITIONS


def test_keys_are_compact_json_arrays_in_utf_8() -> None:
    series = ("hours", "0012", 'EL-"Ö"')
    assert keys.point_key("0012å") == "0012å".encode()
    assert keys.series_key(*series) == '["hours","0012","EL-\\"Ö\\""]'.encode()
    assert keys.identity_key(*series, 1577833200000000) == '["hours","0012","EL-\\"Ö\\"",1577833200000000]'.encode()


def test_an_outside_key_is_never_the_key_of_the_full_row() -> None:
    identity = ("hours", "0012", "EL", 5)
    assert keys.outside_key(*identity, 7) == b'["hours","0012","EL",5,"outside",7]'
    assert keys.outside_key(*identity, 7) != keys.identity_key(*identity)


def test_two_identities_never_share_a_key() -> None:
    """The separator cannot be smuggled in by a name."""
    assert keys.series_key("a", 'b","c', "d") != keys.series_key("a", "b", 'c","d')
