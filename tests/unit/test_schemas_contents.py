"""The canonical form of a content is fixed for ever: stored history is compared with it."""

from typing import Any

import pytest

from schemas import contents, exact
from tests.sample_events import reading

STORED: list[tuple[dict[str, Any], str, str]] = [
    (
        {},
        '["26633000000000001","kWh","Fjärr",null,"volume","hour","1577829600000000","1577833200000000",'
        '"measured","kWh","1000000000000",null,null]',
        "cbf8da57a10a25b2e97c25a554509a99",
    ),
    (
        {"consumption": None, "reading_method": "Fja\u0308rr", "reading_reason": "2", "unit": "m\u00b3"},
        '[null,"m³","Fjärr","2","volume","hour","1577829600000000","1577833200000000",'
        '"measured","kWh","1000000000000",null,null]',
        "3b1b5b7c4916e4c52ef03a9f24b366d1",
    ),
]


@pytest.mark.parametrize(("changes", "canonical", "content_hash"), STORED)
def test_a_stored_example_keeps_its_canonical_form_and_hash(
    changes: dict[str, Any], canonical: str, content_hash: str
) -> None:
    assert contents.canonical(reading(**changes)).decode() == canonical
    assert contents.content_hash(reading(**changes)).hex() == content_hash


@pytest.mark.parametrize(
    "changes",
    [
        {"consumption": exact.parse("26633.0000000000010")},
        {"reading_method": "Fja\u0308rr"},
        {"reading_date": "2020-01-01 00:00"},
        {"customer_number": None},
        {"fetched_at": 0},
    ],
)
def test_equal_contents_are_equal_however_they_were_written(changes: dict[str, Any]) -> None:
    assert contents.content_hash(reading(**changes)) == contents.content_hash(reading())


@pytest.mark.parametrize(
    "changes",
    [
        {"consumption": None},
        {"consumption": 0},
        {"unit": "KWH"},
        {"reading_method": None},
        {"reading_method": ""},
        {"reading_reason": "Fjärr", "reading_method": None},
        {"series_kind": "register"},
        {"granularity": "day"},
        {"period_start": 0},
        {"period_end": 0},
        {"quality": "estimated"},
        {"consumption_unit": "MWh"},
        {"factor": 2 * exact.ONE},
        {"rolls_over_at": exact.ONE},
        {"max_per_period": exact.ONE},
    ],
)
def test_each_part_of_the_content_counts(changes: dict[str, Any]) -> None:
    assert contents.content_hash(reading(**changes)) != contents.content_hash(reading())


def test_the_later_fetch_is_the_newer_version_and_the_hash_decides_a_tie() -> None:
    early, late = reading(fetched_at=1), reading(fetched_at=2)
    assert contents.version(early) < contents.version(late)
    tied = sorted(contents.version(reading(fetched_at=1, consumption=value)) for value in (None, 0, 1))
    assert len(set(tied)) == 3
