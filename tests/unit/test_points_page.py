"""docs/points.md says what the commands do."""

import re
from pathlib import Path

import pytest

from operations.points import words
from operations.points.line import COLUMNS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "points.md").read_text("utf-8")
TABLE = dict(re.findall(r"^\| `([a-z ]+)` \| (problem|warning) \|", PAGE, flags=re.MULTILINE))


def test_every_finding_has_its_line() -> None:
    made = "".join(path.read_text("utf-8") for path in (ROOT / "operations" / "points").glob("*.py"))
    kinds = set(re.findall(r"\b(problem|warning)\(\s*\"([a-z ]+)\"", made))
    assert {about for _, about in kinds} == set(TABLE)
    assert {(severity, about) for about, severity in TABLE.items()} <= kinds


def test_every_column_is_named() -> None:
    assert set(COLUMNS) <= set(re.findall(r"`([a-z_]+)`", PAGE))


@pytest.mark.parametrize(
    ("word", "column"),
    [
        *((word, "metering_point") for word in ("Mätpunkts-ID", "mätpunkt", "GSRN", "anläggnings-id")),
        *((word, "receiver_key") for word in ("importnyckel", "item key")),
        *(("kategori", "category"), ("upplösning", "granularity"), ("typ", "kind")),
        *(("giltig från", "valid_from"), ("giltig till", "valid_to")),
        *((word, words.LAST_DAY) for word in ("t.o.m.", "sista dag")),
    ],
)
def test_the_names_that_it_names_are_known(word: str, column: str) -> None:
    assert f"`{word}`" in PAGE
    assert words.columns([word]) == [column]
