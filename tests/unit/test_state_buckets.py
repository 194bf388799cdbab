"""Buckets: stored examples, and their size."""

import pytest

from runtime.errors import PositionError
from schemas import exact
from schemas.instants import DAY
from streams.buckets import decode, encode
from streams.rules.entry import Entry, entry
from tests.metering import START, register, volume


def test_a_stored_bucket_is_read_for_ever() -> None:
    """Bytes written by the first version; a state topic holds such for years."""
    stored = bytes.fromhex(STORED)
    assert decode(stored) == EXAMPLE
    assert encode(EXAMPLE) == stored


def test_another_format_is_refused() -> None:
    data = bytearray(encode(EXAMPLE))
    assert data[1] == 1
    data[1] = 2
    with pytest.raises(PositionError, match=r"format 2.*meterstream state rebuild"):
        decode(bytes(data))


def test_a_day_of_hours_is_small() -> None:
    """Three decimals, all fetched at once: the usual case. The bound keeps a million readings in memory cheap."""
    day = [entry(register(hour, f"{12345 + 7 * hour}.{hour:03d}", 9)) for hour in range(24)]
    assert len(encode(day)) < 24 * 10


def test_a_day_fetched_hour_by_hour_is_not_much_larger() -> None:
    day = [
        Entry(*entry(volume(hour, f"0.{hour * 41:03d}", 9))[:5], START + hour * 3_600_000_007, START + DAY)
        for hour in range(24)
    ]
    assert len(encode(day)) < 24 * 20


EXAMPLE = [
    entry(volume(1, "0.5", 3)),
    entry(volume(2, None, 3, quality="missing", reading_method="å", reading_reason=None))._replace(seen=START),
    entry(register(3, "999999999999999999999999.999999999999", 4, factor=40, rolls_over_at=10**8, max_per_period=-1)),
]
assert EXAMPLE[2].value == exact.LIMIT - 1
STORED = (
    "9a010393cf00060a124e52c400ced693a4009300010293cf000000746a528800c41000c097ce7bc90715b34b9e9b95ad"
    "77ff9300c00191ced693a400910093cf00060a1177ece6c0ce000f42409300000193cf00060a1177ece6c0ce000f4240"
    "9300fd01939aa36b5768a6466ac3a47272a132a6766f6c756d65a4686f7572a86d65617375726564a36b5768cf000000"
    "e8d4a51000c0c09aa36b5768a2c3a5c0a6766f6c756d65a4686f7572a76d697373696e67a36b5768cf000000e8d4a510"
    "00c0c09aa36b5768a6466ac3a47272a132a87265676973746572a4686f7572a86d65617375726564a36b5768cf000024"
    "6139ca8000c409056bc75e2d63100000d3ffffff172b5af00093000102"
)
