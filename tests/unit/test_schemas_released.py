"""What was released stays: every schema file, every id, every byte that was ever written."""

import hashlib
import json
from importlib.resources import files
from typing import Any, get_args

import msgspec
import pytest

from schemas import events, exact, registry
from schemas.codec import Codec
from schemas.events import DeadLetter, MeterValue, PutBack, Reading
from schemas.registry import EMBEDDED_IDS_FROM, AvroSchema, EmbeddedRegistry, UnknownSchemaId, versions
from tests.sample_events import letter, meter_value, put_back, reading

Event = Reading | MeterValue | DeadLetter | PutBack

FINGERPRINTS = {
    2_000_000_001: "c159549e291563ad606238816f2c3434d760340a2b99a7053118c3e7eeaa4d3a",
    2_000_000_002: "cedfa09bcc2fc5f098bb431ce9b8b7c52548504066216448e8cac70ee8dc6bc8",
    2_000_000_003: "77a733280540bfa05bcdc60ac6249a4a25c7e508558392650610a0c0f1b81f77",
    2_000_000_004: "8d3e863a4d60e216192227fc714712369522a1c8b19ffbf25e95eb293f27c7d7",
}
"""SHA-256 of each released schema. A changed schema is a new file with a new id and a line more, never another line."""

READING_1 = (
    "0077359401266f726573756e64736b726166742d686f757273020c303034373131243733353939393130303035373532363530310c"
    "454c2d455854066b5768020e5e9e92884d900180f0b4b6fdc1cd0526323032302d30312d30315430303a30303a3030020c466ac3a4"
    "72720080c0c6c483c3cd05020480e097cde2c1cd0580f0b4b6fdc1cd0502066b57680c00e8d4a510000000"
)
READING_1_REGISTER = (
    "0077359401266f726573756e64736b726166742d686f75727300243733353939393130303035373532363530310c454c2d45585406"
    "6b57680080f0b4b6fdc1cd0526323032302d30312d30315430303a30303a3030000080c0c6c483c3cd05000480e097cde2c1cd0580"
    "f0b4b6fdc1cd050c066b57680c24d5a41d08000210016345785d8a0000020e01c6bf52634000"
)
METER_VALUE_1 = (
    "0077359402266f726573756e64736b726166742d686f757273243733353939393130303035373532363530310c454c2d45585480f0"
    "b4b6fdc1cd05020480e097cde2c1cd0580f0b4b6fdc1cd05020e5e9e92884d9001066b57680280e097cde2c1cd05020cf4a19df0b8"
    "00020e5e9e92884d9001066b576802020002020c466ac3a4727200000080c0c6c483c3cd0502315482c0c6c483c3cd05"
)
METER_VALUE_1_HELD = (
    "0077359402266f726573756e64736b726166742d686f757273243733353939393130303035373532363530310c454c2d45585480f0"
    "b4b6fdc1cd05020480e097cde2c1cd0580f0b4b6fdc1cd0500066b5768000000066b5768000c020c466ac3a472720002021c6e6567"
    "61746976655f64656c746180c0c6c483c3cd0502315482c0c6c483c3cd05"
)
DEAD_LETTER_1 = (
    "00773594034030303131323233333434353536363737383839396161626263636464656566660e73747265616d7324756e6465636f"
    "6461626c655f7265636f7264266e6f20436f6e666c75656e742068656164657200002c6d6574657273747265616d2e312e72656164"
    "696e67730206022202243733353939393130303035373532363530310204ff00040a74726163650202010a656d7074790000040000"
    "80f0b4b6fdc1cd05"
)
PUT_BACK_1 = (
    "007735940440303031313232333334343535363637373838393961616262636364646565666680f0b4b6fdc1cd05107075745f62"
    "61636b506f6e746f206d6574657273747265616d2e312e72656164696e67732c20706172746974696f6e203316c3a57361406f66"
    "666963654066666565646463636262616139393838373736363535343433333232313130308080d29f98c2cd05"
)

WRITTEN: list[tuple[str, Event]] = [
    (READING_1, reading()),
    (
        READING_1_REGISTER,
        reading(
            consumption=None,
            customer_number=None,
            reading_method=None,
            quality="missing",
            series_kind="register",
            factor=exact.parse("40.5"),
            rolls_over_at=exact.parse("100000"),
            max_per_period=exact.parse("500"),
        ),
    ),
    (METER_VALUE_1, meter_value()),
    (
        METER_VALUE_1_HELD,
        meter_value(
            value=None,
            delta=None,
            consumption=None,
            change=None,
            previous_reading_at=None,
            quality="missing",
            cause="corrected",
            held="negative_delta",
        ),
    ),
    (DEAD_LETTER_1, letter()),
    (PUT_BACK_1, put_back()),
]
"""Records as they were written once, and what they say."""


def codec_of(event: Event) -> Any:
    codecs: list[Any] = [Codec(kind, EmbeddedRegistry()) for kind in (Reading, MeterValue)]
    codecs += [Codec(DeadLetter, EmbeddedRegistry()), Codec(PutBack, EmbeddedRegistry())]
    return dict(zip(NAMES.values(), codecs, strict=True))[type(event)]


@pytest.mark.parametrize(("written", "event"), WRITTEN)
def test_what_was_written_once_is_read_for_ever(written: str, event: Event) -> None:
    assert codec_of(event).decode(bytes.fromhex(written)) == event


@pytest.mark.parametrize(("written", "event"), WRITTEN)
def test_the_same_event_becomes_the_same_bytes(written: str, event: Event) -> None:
    """A new version of a schema moves its examples of the older one to the test above only."""
    assert codec_of(event).encode(event).hex() == written


def test_a_released_schema_is_never_edited() -> None:
    ids = EmbeddedRegistry()
    found = {schema_id: fingerprint(ids.schema_of(schema_id)) for name in NAMES for schema_id in versions(name)}
    assert found == FINGERPRINTS


def test_every_schema_file_has_an_id() -> None:
    shipped = {entry.name for entry in files("schemas").joinpath("avro").iterdir() if entry.name.endswith(".avsc")}
    listed = json.loads(files("schemas").joinpath("avro", "ids.json").read_text("utf-8"))
    assert sorted(listed.values()) == sorted(shipped)
    assert min(map(int, listed)) == EMBEDDED_IDS_FROM


NAMES: dict[str, type[Event]] = {
    "Reading": Reading,
    "MeterValue": MeterValue,
    "DeadLetter": DeadLetter,
    "PutBack": PutBack,
}


@pytest.mark.parametrize("name", NAMES)
def test_an_event_has_the_fields_of_its_schema_in_their_order(name: str) -> None:
    assert [field["name"] for field in registry.current(name)["fields"]] == list(NAMES[name].__struct_fields__)


@pytest.mark.parametrize("name", NAMES)
def test_a_field_may_be_none_exactly_where_its_schema_has_null(name: str) -> None:
    nullable = {field["name"] for field in registry.current(name)["fields"] if "null" in field["type"]}
    fields = msgspec.structs.fields(NAMES[name])
    assert {field.name for field in fields if type(None) in get_args(field.type)} == nullable


@pytest.mark.parametrize(
    ("field", "literal"),
    [
        ("series_kind", events.SeriesKind),
        ("granularity", events.Granularity),
        ("quality", events.Quality),
        ("cause", events.Cause),
    ],
)
def test_the_words_of_an_event_are_those_of_its_schema(field: str, literal: object) -> None:
    by_name = {entry["name"]: entry["type"] for entry in registry.current("MeterValue")["fields"]}
    assert list(get_args(literal)) == by_name[field]["symbols"]


def test_an_id_that_was_never_given_out_is_unknown() -> None:
    with pytest.raises(UnknownSchemaId, match="2000000999"):
        EmbeddedRegistry().schema_of(2_000_000_999)


def fingerprint(schema: AvroSchema) -> str:
    return hashlib.sha256(json.dumps(schema, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
