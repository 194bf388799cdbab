"""The registry client when the registry fails, and how seldom it asks."""

import socket
from base64 import b64encode
from collections.abc import Iterator

import pytest

from runtime.errors import Transient
from runtime.registry import REMEMBER_UNKNOWN, RemoteRegistry, schema_registry
from runtime.settings.secret import Secret
from runtime.settings.system import RegistrySettings
from schemas.codec import Codec
from schemas.events import Reading
from schemas.registry import EmbeddedRegistry, SchemaRegistry, UnknownSchemaId
from tests.sample_events import reading
from tests.stub_registry import Answer, StubRegistry


@pytest.fixture
def stub() -> Iterator[StubRegistry]:
    with StubRegistry() as registry:
        yield registry


def client(stub: StubRegistry) -> SchemaRegistry:
    return schema_registry(RegistrySettings(url=stub.url, timeout=0.5), {})


def test_without_a_url_the_embedded_ids_are_used() -> None:
    assert isinstance(schema_registry(RegistrySettings(), {}), EmbeddedRegistry)


NO_ANSWERS: list[Answer] = [
    (500, {"error_code": 50001, "message": "backend"}),
    (503, b"<html>busy</html>"),
    (429, {}),
    (401, {"error_code": 401, "message": "who are you"}),
    (403, {"error_code": 403}),
    (404, b"<html>no such page</html>"),
    (404, {"error_code": 404, "message": "HTTP 404 Not Found"}),
    (404, {}),
    (200, b"<html>please log in</html>"),
    (200, []),
    (200, {}),
    (200, b""),
]


@pytest.mark.parametrize("answer", NO_ANSWERS)
def test_whatever_is_not_the_registrys_own_404_is_waited_for(stub: StubRegistry, answer: Answer) -> None:
    """A record must never become a dead letter because a proxy, a login page or a broken registry answered."""
    registry = client(stub)
    stub.fails_with = answer
    with pytest.raises(Transient, match="schema registry at http://127"):
        registry.schema_of(5)
    with pytest.raises(Transient):
        registry.id_of("Reading")
    stub.fails_with = None
    assert registry.schema_of(registry.id_of("Reading"))["name"] == "Reading"


def test_a_registry_that_is_not_there_is_waited_for() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, but nothing listens
        registry = schema_registry(RegistrySettings(url=f"http://127.0.0.1:{unused.getsockname()[1]}"), {})
        with pytest.raises(Transient, match="does not answer"):
            registry.id_of("Reading")


def test_a_registry_that_never_answers_is_given_up_after_the_time_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Transient, match="does not answer"):
            schema_registry(RegistrySettings(url=url, timeout=0.2), {}).schema_of(5)


def test_embedded_ids_need_no_registry(stub: StubRegistry) -> None:
    stub.fails_with = (500, {})
    data = Codec(Reading, EmbeddedRegistry()).encode(reading())
    assert Codec(Reading, client(stub)).decode(data) == reading()
    with pytest.raises(UnknownSchemaId):
        client(stub).schema_of(2_000_000_999)
    assert stub.requests == []


def test_a_codec_asks_nothing_before_it_writes(stub: StubRegistry) -> None:
    """So that a process can be put together, and its settings checked, without a connection."""
    codec = Codec(Reading, client(stub))
    assert stub.requests == []
    codec.encode(reading())
    assert len(stub.requests) == 1


def test_a_codec_that_met_a_registry_in_trouble_writes_later(stub: StubRegistry) -> None:
    codec = Codec(Reading, client(stub))
    stub.fails_with = (503, {})
    with pytest.raises(Transient):
        codec.encode(reading())
    stub.fails_with = None
    assert codec.decode(codec.encode(reading())) == reading()


def test_each_schema_and_each_id_is_asked_for_once(stub: StubRegistry) -> None:
    client(stub).id_of("Reading")
    registry = client(stub)
    stub.requests.clear()
    codec = Codec(Reading, registry)
    for _ in range(3):
        registry.schema_of(1)
        codec.decode(codec.encode(reading()))
    assert stub.requests == ["GET /schemas/ids/1", "POST /subjects/meterstream.Reading/versions"]


class Clock:
    """A clock that stands where it is put."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class NoSuchSchema:
    """A client for which every id is unknown; counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def get_schema(self, schema_id: int) -> object:
        from confluent_kafka.schema_registry.error import SchemaRegistryError

        self.asked += 1
        raise SchemaRegistryError(404, 40403, "Schema not found")


def test_an_unknown_id_is_not_asked_for_again_at_once_but_later() -> None:
    clock = Clock()
    unknown = NoSuchSchema()
    registry = RemoteRegistry(unknown, "http://registry", clock)
    for seconds, asked in ((0.0, 1), (1.0, 1), (REMEMBER_UNKNOWN - 0.1, 1), (REMEMBER_UNKNOWN, 2)):
        clock.seconds = seconds
        with pytest.raises(UnknownSchemaId):
            registry.schema_of(77)
        assert unknown.asked == asked


def test_the_login_goes_to_the_registry_and_into_no_message(stub: StubRegistry) -> None:
    settings = RegistrySettings(url=stub.url, user="joe", password=Secret(env="REGISTRY_PASSWORD"))
    registry = schema_registry(settings, {"REGISTRY_PASSWORD": "hunter2"})
    stub.fails_with = (401, {})
    with pytest.raises(Transient) as caught:
        registry.id_of("Reading")
    assert stub.logins == ["Basic " + b64encode(b"joe:hunter2").decode()]
    assert "hunter2" not in repr(caught.value) + repr(settings)
