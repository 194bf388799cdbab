"""Exact numbers: a table of texts."""

import pytest

from schemas import exact

ONE = exact.ONE


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("-0", 0),
        ("-0.000", 0),
        ("0e999999999999", 0),
        ("26633", 26633 * ONE),
        ("26633.000000000000", 26633 * ONE),
        ("26633.0000000000000000000", 26633 * ONE),
        ("-1.5", -1_500_000_000_000),
        ("0.5", 500_000_000_000),
        ("10.25", 10_250_000_000_000),
        ("0.000000000001", 1),
        ("1e3", 1000 * ONE),
        ("1E+3", 1000 * ONE),
        ("1e-12", 1),
        ("10e-13", 1),
        ("1.5e-0001", 150_000_000_000),
        ("999999999999999999999999.999999999999", exact.LIMIT - 1),
        ("-999999999999999999999999.999999999999", 1 - exact.LIMIT),
        ("0." + "0" * 380 + "1e390", 10**9 * ONE),
    ],
)
def test_a_number_is_read_exactly(text: str, number: int) -> None:
    assert exact.parse(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "1e400",
        "1e24",
        "1000000000000000000000000",
        "-1000000000000000000000000",
        "1000000000000000000000000.0",
        "0.0000000000001",
        "1.0000000000001",
        "1e-13",
        "1e-999999999999",
        "1e999999999999999999999999",
        "9" * 400,
        "9" * 401,
        "0." + "0" * 400,
        "1." + "0" * 390 + "1e-9",
    ],
)
def test_a_number_that_cannot_be_carried_is_refused_and_never_rounded(text: str) -> None:
    with pytest.raises(exact.OutOfRange):
        exact.parse(text)


WORDS = [
    "NaN",
    "Infinity",
    "-Infinity",
    "null",
    "true",
    '"1"',
    "0x10",
    "1_000",
    "\u0661",
    "\u0661.5",
    "1.\u0661",
    "1\u00a0000",
]
ODD_FORMS = [
    "",
    " 1",
    "1 ",
    "1\n",
    "+1",
    "--1",
    "01",
    "00.5",
    "1.5.5",
    "1_0.5",
    "-",
    "1.",
    ".5",
    "1,5",
    "1e",
    "1e+",
    "1e1.5",
]


@pytest.mark.parametrize("text", [*WORDS, *ODD_FORMS])
def test_what_is_no_json_number_is_not_guessed_at(text: str) -> None:
    with pytest.raises(exact.NotANumber):
        exact.parse(text)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (1, "0.000000000001"),
        (-500_000_000_000, "-0.5"),
        (26633 * ONE, "26633"),
        (10 * ONE, "10"),
        (exact.LIMIT - 1, "999999999999999999999999.999999999999"),
    ],
)
def test_a_number_is_written_plainly(number: int, text: str) -> None:
    assert exact.to_text(number) == text


@pytest.mark.parametrize(
    ("number", "data"),
    [
        (0, "00"),
        (1, "01"),
        (127, "7f"),
        (128, "0080"),
        (-1, "ff"),
        (-128, "80"),
        (-129, "ff7f"),
        (255, "00ff"),
        (-256, "ff00"),
    ],
)
def test_bytes_are_the_shortest_twos_complement_as_in_java(number: int, data: str) -> None:
    assert exact.to_bytes(number).hex() == data
    assert exact.from_bytes(bytes.fromhex(data)) == number


def test_no_bytes_are_not_zero() -> None:
    with pytest.raises(exact.NotANumber):
        exact.from_bytes(b"")
