"""docs/consumers.md and the consumer beside it say what is so."""

import re
import runpy
from pathlib import Path
from typing import get_args

import pytest

from schemas.events import Cause, MeterValue, Quality
from schemas.reasons import Held
from schemas.registry import versions
from sinks.columns import CONTENT, CONTENT_TEXTS, KEY

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "consumers.md").read_text("utf-8")
CONSUMERS = [runpy.run_path(str(DOCS / name)) for name in ("consumer.py", "complete_consumer.py")]
SAID = set(re.findall(r"`([^`]+)`", PAGE))


@pytest.mark.parametrize("name", MeterValue.__struct_fields__)
def test_every_field_has_its_line(name: str) -> None:
    lines = [line for line in PAGE.splitlines() if line.startswith("| `") and f"`{name}`" in line.split("|")[1]]
    assert len(lines) == 1


def test_every_reason_quality_and_cause_is_named() -> None:
    assert {reason.value for reason in Held} <= SAID
    assert set(get_args(Cause)) <= SAID
    assert all(quality in PAGE for quality in get_args(Quality))


def test_the_newest_schema_is_named() -> None:
    assert f"`{versions('MeterValue')[-1]}` is [meter_value-{len(versions('MeterValue'))}.avsc]" in PAGE


def test_the_short_consumer_knows_the_newest_schema() -> None:
    assert f"{versions('MeterValue')[-1]:_}" in (DOCS / "consumer.py").read_text("utf-8")
    assert f"schemas/avro/meter_value-{len(versions('MeterValue'))}.avsc" in PAGE


def test_the_rule_is_that_of_a_receiver_s_table() -> None:
    for consumer in CONSUMERS:
        assert set(consumer["CONTENT"]) == {*CONTENT, *CONTENT_TEXTS}
        assert consumer["KEY"] == KEY
    rule = PAGE.split("where `held` is `outside_history`", 1)[1].split("\n\n", 1)[0]
    assert {*CONTENT, *CONTENT_TEXTS} <= set(re.findall(r"`([a-z_]+)`", rule))


def test_the_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\(([^)]+)\)", PAGE):
        assert (DOCS / link).exists(), link
