"""Laws of exact numbers, against Decimal in a context wide enough to be exact."""

from decimal import Context, Decimal, Inexact, InvalidOperation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import exact

WIDE = Context(prec=2_000, Emax=10_000, Emin=-10_000, traps=[Inexact, InvalidOperation])
UNIT = Decimal(1).scaleb(-exact.SCALE)

numbers = st.integers(1 - exact.LIMIT, exact.LIMIT - 1)
digits = st.text("0123456789", min_size=1, max_size=45)
json_numbers = st.builds(
    lambda sign, whole, fraction, exponent: f"{sign}{int(whole)}{fraction}{exponent}",
    st.sampled_from(["", "-"]),
    digits,
    st.one_of(st.just(""), digits.map(lambda text: f".{text}")),
    st.one_of(st.just(""), st.integers(-60, 60).map(lambda power: f"e{power}"), st.sampled_from(["E+9", "e-0012"])),
)


@given(json_numbers)
def test_a_number_is_read_as_decimal_reads_it_or_refused(text: str) -> None:
    """Exactly those are refused that have more than 24 integer or 12 fractional digits."""
    wanted = WIDE.divide(WIDE.create_decimal(text), UNIT)
    if wanted == wanted.to_integral_value() and abs(wanted) < exact.LIMIT:
        assert exact.parse(text) == int(wanted)
    else:
        with pytest.raises(exact.OutOfRange):
            exact.parse(text)


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_one_of_two_errors(text: str) -> None:
    try:
        number = exact.parse(text)
    except (exact.NotANumber, exact.OutOfRange):
        return
    assert exact.representable(number)
    assert WIDE.create_decimal(text) == WIDE.multiply(Decimal(number), UNIT)


@given(json_numbers | st.text("0123456789.-e+ \n", max_size=45))
def test_what_is_read_at_once_is_what_is_read_step_by_step(text: str) -> None:
    number = exact.plain(text.encode())
    assert number is None or number == exact.parse(text)


@pytest.mark.parametrize(
    ("text", "read"), [("0.5", True), ("26633.000000000000", True), ("01.5", False), ("1.", False)]
)
def test_nearly_all_numbers_are_read_at_once(text: str, read: bool) -> None:
    assert (exact.plain(text.encode()) is not None) == read


@given(numbers)
def test_text_and_back_is_the_same_number(number: int) -> None:
    assert exact.parse(exact.to_text(number)) == number


@given(st.integers(-(10**50), 10**50))
def test_bytes_and_back_is_the_same_number_in_the_shortest_form(number: int) -> None:
    data = exact.to_bytes(number)
    assert exact.from_bytes(data) == number
    assert len(data) == 1 or int.from_bytes(data[1:], "big", signed=True) != number
