"""Records to rows: this receiver's values, dead letters of what is none, and a registry that is away."""

import pytest

from runtime.errors import Transient
from schemas.codec import Codec
from schemas.events import MeterValue
from schemas.registry import AvroSchema, EmbeddedRegistry
from sinks.batch import Refused
from sinks.decoding import Decoder, refusal
from sinks.points.points import Point, Points
from tests.sink_rows import AS_THEY_ARE, CODEC, PARTITIONS, StoredRecord, canary_value, outside, record, row, value

POINTS = Points([Point(value().metering_point), Point("p1", "VARME")])
DECODER = Decoder(CODEC, AS_THEY_ARE, POINTS, PARTITIONS)


def test_only_the_receivers_points_come_through_in_their_order() -> None:
    values = [
        value(1),
        value(2, metering_point="p1"),
        value(3, metering_point="p1", delivery_category="VARME"),
        outside(4),
        value(5, metering_point="p2"),
    ]
    decoded = DECODER.decode([record(each) for each in values])
    assert [each.sequence for each in decoded.rows] == [1, 3, 4]
    assert [each.record.offset for each in decoded.rows] == [0, 0, 0]
    assert decoded.withheld == 2
    assert decoded.letters == []


@pytest.mark.parametrize("points", [POINTS, Points([]), Points([Point("p1", valid_from=2_000_000_000_000_000)])])
def test_a_canary_is_everybodys_whatever_the_points(points: Points) -> None:
    given = canary_value(1, 29_000_000), canary_value(2, 29_000_001, source="hours"), value(3, metering_point="p9")
    decoded = Decoder(CODEC, AS_THEY_ARE, points, PARTITIONS).decode([record(each) for each in given])
    assert [(each.source, each.canary) for each in decoded.rows] == [("months", 29_000_000), ("hours", 29_000_001)]
    assert decoded.withheld == 1


def test_what_is_no_canary_has_no_number() -> None:
    decoded = DECODER.decode([record(value(1)), record(outside(2))])
    assert [each.canary for each in decoded.rows] == [None, None]


def test_where_periods_matter_a_row_is_the_same_and_others_are_withheld() -> None:
    given = value(7)
    records = [record(each) for each in (given, outside(8))]
    usual = DECODER.decode(records).rows
    for point, rows in (
        (Point(given.metering_point, valid_from=given.period_start, valid_to=given.period_end), usual),
        (Point(given.metering_point, granularity=given.granularity), usual),
        (Point(given.metering_point, granularity="quarter"), []),
        (Point(given.metering_point, valid_from=given.period_start + 1), []),
        (Point(given.metering_point, valid_to=given.period_end - 1), []),
    ):
        decoded = Decoder(CODEC, AS_THEY_ARE, Points([point]), PARTITIONS).decode(records)
        assert decoded.rows == rows
        assert decoded.withheld == len(records) - len(rows)


GOOD = record(value(1))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param(record(value(1), value=None), "undecodable_record", id="a tombstone"),
        pytest.param(record(value(1), value=b"\x01"), "undecodable_record", id="no magic byte"),
        pytest.param(record(value(1), value=(GOOD.value or b"")[:-1]), "undecodable_record", id="cut"),
        pytest.param(record(value(1), value=b"\x00\x00\x00\x00\x07x"), "unknown_schema", id="an id nobody knows"),
        pytest.param(record(value(1), key=None), "wrong_key", id="no key"),
        pytest.param(record(value(1), key=b"x"), "wrong_key", id="another key"),
        pytest.param(record(value(1), key=record(value(1, reading_at=0)).key), "wrong_key", id="of another date"),
        pytest.param(record(value(1), key=record(outside(1)).key), "wrong_key", id="of an outside value"),
        pytest.param(record(outside(1), key=GOOD.key), "wrong_key", id="an outside value without its own"),
        pytest.param(record(value(1), partition=(GOOD.partition + 1) % 4), "wrong_key", id="another partition"),
        pytest.param(record(value(1, metering_point="x"), key=b"x"), "wrong_key", id="also of others' points"),
    ],
)
def test_what_is_no_value_of_its_place_becomes_a_dead_letter(bad: StoredRecord, reason: str) -> None:
    decoded = DECODER.decode([bad, GOOD])
    (letter,) = decoded.letters
    assert (letter.reason, letter.stage, letter.receiver) == (reason, "sinks", None)
    assert (letter.topic, letter.partition, letter.offset) == (bad.topic, bad.partition, bad.offset)
    assert (letter.original_key, letter.original_value) == (bad.key, bad.value)
    assert len(decoded.rows) == 1
    assert "26633" not in letter.detail


class RegistryAway(EmbeddedRegistry):
    """Knows the embedded ids; for others it does not answer."""

    def schema_of(self, schema_id: int) -> AvroSchema:
        if schema_id < 2_000_000_000:
            raise Transient("the registry does not answer")
        return super().schema_of(schema_id)


def test_a_registry_that_is_away_is_no_poison() -> None:
    decoder = Decoder(Codec(MeterValue, RegistryAway()), AS_THEY_ARE, POINTS, PARTITIONS)
    with pytest.raises(Transient):
        decoder.decode([GOOD, record(value(1), value=b"\x00\x00\x00\x00\x07x")])
    assert len(decoder.decode([GOOD]).rows) == 1


def test_a_refused_row_is_a_letter_of_its_receiver() -> None:
    """Two receivers that refuse the same row are two letters; the same one twice is one."""
    refused = Refused(row(value(3)), "CheckViolation (23514) constraint strict")
    letters = [refusal(refused, receiver) for receiver in ("vitec", "vitec", "momentum")]
    assert [letter.reason for letter in letters] == ["row_refused"] * 3
    assert letters[0].id == letters[1].id != letters[2].id
    assert (letters[2].receiver, letters[2].source) == ("momentum", "months")
    assert letters[0].original_value == refused.row.record.value
    assert letters[0].fetched_at == value().fetched_at
