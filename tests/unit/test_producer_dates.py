"""Which forms of a reading date are read, and what they say."""

import pytest

from producer.dates import WrittenDate, parse
from runtime.errors import Poison
from schemas.instants import DAY, HOUR, MINUTE, SECOND
from schemas.reasons import Reason

LEAP_DAY = 18_321  # 2020-02-29 in days since 1970-01-01
NOON = 12 * HOUR


@pytest.mark.parametrize(
    ("text", "time", "offset"),
    [
        ("2020-02-29", 0, None),
        ("2020-02-29T00:00:00", 0, None),
        ("2020-02-29T12:00", NOON, None),
        ("2020-02-29 12:00", NOON, None),
        ("2020-02-29 12:34:56", NOON + 34 * MINUTE + 56 * SECOND, None),
        ("2020-02-29T12:00:00.5", NOON + 500_000, None),
        ("2020-02-29T12:00:00.123456", NOON + 123_456, None),
        ("2020-02-29T12:00:00.1234560", NOON + 123_456, None),
        ("2020-02-29T12:00:00.0000000", NOON, None),
        ("2020-02-29T12:00Z", NOON, 0),
        ("2020-02-29T12:00:00Z", NOON, 0),
        ("2020-02-29T12:00:00.5Z", NOON + 500_000, 0),
        ("2020-02-29T12:00:00+01:00", NOON, HOUR),
        ("2020-02-29T12:00:00+0100", NOON, HOUR),
        ("2020-02-29T12:00:00-03:30", NOON, -(3 * HOUR + 30 * MINUTE)),
        ("2020-02-29T24:00", DAY, None),
        ("2020-02-29T24:00:00.000", DAY, None),
        ("2020-02-29 24:00:00Z", DAY, 0),
    ],
)
def test_a_date_is_read_in_each_form(text: str, time: int, offset: int | None) -> None:
    assert parse(text) == WrittenDate(LEAP_DAY, time, offset)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "i går",
        "2020-02-30",
        "2019-02-29",
        "2020-13-01",
        "2020-00-10",
        "2020-02-29T",
        "2020-02-29t12:00",
        "2020-02-29T12",
        "2020-02-29T12:60",
        "2020-02-29T12:00:60",
        "2020-02-29T24:00:01",
        "2020-02-29T24:01",
        "2020-02-29T24:00:00.000001",
        "2020-02-29T25:00",
        "2020-02-29T12:00:00.",
        "2020-02-29T12:00:00,5",
        "2020-02-29T12:00:00.1234567",
        "2020-02-29T12:00:00+1:00",
        "2020-02-29T12:00:00+24:00",
        "2020-02-29T12:00:00+01:60",
        "2020-02-29T12:00:00+01",
        "2020-02-29T12:00:00z",
        "2020-02-29T12:00:00 Z",
        "2020-02-29Z",
        " 2020-02-29",
        "2020-02-29\n",
        "20200229",
        "29.02.2020",
        "2020-2-29",
        "٢٠٢٠-02-29",
        "1969-12-31",
        "2200-01-01",
        "0000-01-01",
    ],
)
def test_every_other_form_is_a_bad_date(text: str) -> None:
    with pytest.raises(Poison) as caught:
        parse(text)
    assert caught.value.reason == Reason.BAD_DATE
    assert not text or text not in caught.value.detail, "the detail carries no reading"


@pytest.mark.parametrize("text", ["1970-01-01", "2199-12-31T24:00"])
def test_the_years_1970_to_2199_are_read_to_their_ends(text: str) -> None:
    assert parse(text).day in range(0, 84_006)
