"""Instants: microseconds of UTC, to the last one."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from schemas import instants


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (1_577_833_200_000_000, "2019-12-31T23:00:00Z"),
        (7_258_118_399_999_999, "2199-12-31T23:59:59.999999Z"),
        (instants.EARLIEST, "0001-01-01T00:00:00Z"),
        (instants.LATEST, "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_an_instant_goes_to_a_datetime_and_back_without_loss(instant: int, text: str) -> None:
    assert instants.to_text(instant) == text
    assert instants.from_datetime(instants.to_datetime(instant)) == instant


def test_a_datetime_of_another_zone_is_the_same_instant() -> None:
    swedish = datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    assert instants.from_datetime(swedish) == 1_577_833_200_000_000


def test_a_datetime_without_zone_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        instants.from_datetime(datetime(2020, 1, 1))  # noqa: DTZ001  # that is what is tested


def test_now_is_the_wall_clock() -> None:
    assert abs(instants.to_datetime(instants.now()) - datetime.now(UTC)) < timedelta(seconds=5)
