"""What we ask of a schema registry: one suite, for the stub and for a real Apicurio Registry."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from local.apicurio import ApicurioRegistry
from runtime.errors import ConfigError
from runtime.registry import RemoteRegistry, schema_registry
from runtime.settings.system import RegistrySettings
from schemas.codec import Codec, Undecodable
from schemas.events import MeterValue, Reading
from schemas.registry import EmbeddedRegistry, SchemaRegistry, UnknownSchemaId, current
from tests.sample_events import meter_value, reading
from tests.stub_registry import StubRegistry

Started = Callable[[], SchemaRegistry]


@pytest.fixture(scope="module", params=["stub", pytest.param("apicurio", marks=pytest.mark.services)])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running registry."""
    directory: Path = tmp_path_factory.mktemp("registry")
    with StubRegistry() if request.param == "stub" else ApicurioRegistry(directory) as registry:
        yield registry.url


@pytest.fixture
def ours(url: str) -> Iterator[Started]:
    """Gives the registry as a process of ours sees it that has just started; another at each call."""
    with ExitStack() as opened:

        def start() -> SchemaRegistry:
            registry = schema_registry(RegistrySettings(url=url), {})
            assert isinstance(registry, RemoteRegistry)
            return opened.enter_context(closing(registry))

        yield start


@pytest.fixture
def foreign(url: str) -> Iterator[Any]:
    """The registry as another program sees it."""
    with closing(SchemaRegistryClient({"url": url})) as client:
        yield client


def test_a_schema_has_one_id_for_every_process(ours: Started) -> None:
    assert ours().id_of("Reading") == ours().id_of("Reading")
    assert ours().id_of("Reading") != ours().id_of("MeterValue")


def test_a_schema_is_registered_under_the_full_name_of_its_record(ours: Started, foreign: Any) -> None:
    ours().id_of("Reading")
    assert "meterstream.Reading" in foreign.get_subjects()


def test_a_schema_is_found_by_its_id(ours: Started) -> None:
    schema_id = ours().id_of("Reading")
    assert ours().schema_of(schema_id) == current("Reading")


def test_what_one_process_writes_another_reads(ours: Started) -> None:
    data = Codec(MeterValue, ours()).encode(meter_value())
    assert int.from_bytes(data[1:5], "big") == ours().id_of("MeterValue")
    assert Codec(MeterValue, ours()).decode(data) == meter_value()


def test_what_was_written_without_a_registry_is_read_with_one(ours: Started) -> None:
    data = Codec(Reading, EmbeddedRegistry()).encode(reading())
    assert Codec(Reading, ours()).decode(data) == reading()


def test_an_id_that_the_registry_does_not_know_is_unknown(ours: Started) -> None:
    registry = ours()
    for _ in range(2):
        with pytest.raises(UnknownSchemaId, match="999999"):
            registry.schema_of(999_999)


def test_a_schema_that_the_registry_refuses_is_a_configuration_error(ours: Started, foreign: Any) -> None:
    """Somebody registered another DeadLetter under our name, which ours cannot read."""
    other = {"type": "record", "name": "DeadLetter", "namespace": "meterstream"}
    other["fields"] = [{"name": "note", "type": "string"}]  # type: ignore[assignment]  # a schema is of mixed types
    foreign.register_schema("meterstream.DeadLetter", Schema(json.dumps(other), "AVRO"))
    foreign.set_compatibility("meterstream.DeadLetter", "BACKWARD")
    with pytest.raises(ConfigError, match=r"refuses the schema of subject meterstream\.DeadLetter"):
        ours().id_of("DeadLetter")


def test_a_record_of_another_kind_of_schema_is_undecodable(ours: Started, foreign: Any) -> None:
    schema_id = foreign.register_schema("text", Schema('"string"', "AVRO"))
    with pytest.raises(Undecodable, match=f"schema id {schema_id}"):
        Codec(Reading, ours()).decode(b"\x00" + schema_id.to_bytes(4, "big") + b"\x06abc")
