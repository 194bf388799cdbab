"""How long to wait before the next try."""

import pytest

from runtime.errors import Poison, Transient
from runtime.retry import Backoff
from schemas.reasons import Reason


@pytest.mark.parametrize(
    ("attempt", "least", "most"), [(1, 0.1, 0.2), (2, 0.2, 0.4), (5, 1.6, 3.2), (8, 12.8, 25.6), (99_999, 15, 30)]
)
def test_waits_double_up_to_the_maximum_with_jitter_on_the_upper_half(attempt: int, least: float, most: float) -> None:
    waits = [Backoff().wait(attempt) for _ in range(200)]
    assert least <= min(waits) < max(waits) <= most


def test_two_workers_do_not_wait_alike() -> None:
    assert Backoff().wait(9) != Backoff().wait(9)


def test_it_never_waits_less_than_the_other_side_asked_for() -> None:
    assert Backoff().wait(1, Transient("limited", retry_after=77.0)) == 77.0
    assert Backoff().wait(9, Transient("limited", retry_after=0.1)) > 15
    assert Backoff().wait(1, Transient("down")) <= 0.2
    assert Backoff().wait(1, OSError()) <= 0.2


def test_a_poison_says_its_reason() -> None:
    assert str(Poison(Reason.BAD_DATE, "ReadingDate is no date")) == "bad_date: ReadingDate is no date"
