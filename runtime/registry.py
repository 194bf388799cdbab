"""The schema registry of the settings: the embedded ids, or a server with the Confluent REST API beside them.

The subject of a schema is the full name of its record (``meterstream.Reading``; Confluent's RecordNameStrategy): a
schema is the same in every topic and epoch. The embedded ids are known without asking, so that whatever was written
before a registry came, or while it was left out, stays readable.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from runtime.errors import ConfigError, Transient
from runtime.settings.system import RegistrySettings
from schemas.registry import EMBEDDED_IDS_FROM, AvroSchema, EmbeddedRegistry, SchemaRegistry, UnknownSchemaId, current

SCHEMA_NOT_FOUND = 40403
"""Confluent's code for an unknown id. A 404 without it comes from something else that answers at this address."""

REFUSED = (409, 422)
"""Statuses of a schema that the registry will not take: incompatible with the subject's, or invalid."""

REMEMBER_UNKNOWN = 30.0
"""Seconds for which an unknown id is not asked for again: a flood of such records must not become one of requests."""

_REMEMBERED_AT_MOST = 10_000

T = TypeVar("T")


def schema_registry(settings: RegistrySettings, environment: Mapping[str, str]) -> SchemaRegistry:
    """The registry that the settings name; connects to nothing yet.

    The first ``id_of`` of a schema registers it. A registry that is away raises Transient, one that refuses a schema
    ConfigError.
    """
    if settings.url is None:
        return EmbeddedRegistry()
    return RemoteRegistry(_client(settings, environment), settings.url)


class _Refusal(Exception):
    """The registry answered with an error: an HTTP status and the API's own code (None or -1: none)."""

    def __init__(self, status: int, code: int | None) -> None:
        super().__init__(f"HTTP {status}, code {code}")
        self.status = status
        self.code = code


class RemoteRegistry:
    """A registry with the Confluent REST API, and the embedded ids. Asks once per schema and id."""

    def __init__(self, client: Any, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        """``client``: confluent-kafka's ``SchemaRegistryClient``; ``url`` is for messages."""
        self._client = client
        self._url = url
        self._clock = clock
        self._embedded = EmbeddedRegistry()
        self._ids: dict[str, int] = {}
        self._schemas: dict[int, AvroSchema] = {}
        self._unknown: dict[int, float] = {}

    def id_of(self, name: str) -> int:
        """The registry's id of our current version of a schema, which is registered where it is not yet.

        Raises:
            Transient: the registry is away.
            ConfigError: the registry refuses the schema.
        """
        if name not in self._ids:
            self._ids[name] = self._register(name)
        return self._ids[name]

    def schema_of(self, schema_id: int) -> AvroSchema:
        """The schema of an embedded or registered id.

        What is not an Avro record comes as ``{"type": …}``.

        Raises:
            UnknownSchemaId: the registry itself says so.
            Transient: the registry is away.
        """
        if schema_id >= EMBEDDED_IDS_FROM:
            return self._embedded.schema_of(schema_id)
        if schema_id not in self._schemas:
            self._schemas[schema_id] = self._fetch(schema_id)
        return self._schemas[schema_id]

    def close(self) -> None:
        """Closes the connections. Only a process that goes on without the registry needs to."""
        self._client.close()

    def _register(self, name: str) -> int:
        from confluent_kafka.schema_registry import Schema

        schema = current(name)
        subject = f"{schema['namespace']}.{name}"
        try:
            wanted = Schema(json.dumps(schema), "AVRO")
            schema_id = self._ask(lambda: int(self._client.register_schema(subject, wanted)))
        except _Refusal as refusal:
            if refusal.status in REFUSED:
                raise ConfigError(
                    [
                        f"registry.url: {self._url} refuses the schema of subject {subject} (HTTP {refusal.status}): "
                        "compare the subject's versions and its compatibility setting with ours"
                    ]
                ) from refusal
            raise self._away(refusal) from refusal
        self._schemas[schema_id] = schema
        return schema_id

    def _fetch(self, schema_id: int) -> AvroSchema:
        if self._clock() < self._unknown.get(schema_id, 0.0):
            raise UnknownSchemaId(f"schema id {schema_id} was unknown to {self._url} a moment ago")
        try:
            found = self._ask(lambda: _avro(self._client.get_schema(schema_id)))
        except _Refusal as refusal:
            if (refusal.status, refusal.code) == (404, SCHEMA_NOT_FOUND):
                self._remember_unknown(schema_id)
                raise UnknownSchemaId(f"schema id {schema_id} is unknown to {self._url}") from refusal
            raise self._away(refusal) from refusal
        return found

    def _remember_unknown(self, schema_id: int) -> None:
        if len(self._unknown) >= _REMEMBERED_AT_MOST:
            self._unknown.clear()
        self._unknown[schema_id] = self._clock() + REMEMBER_UNKNOWN

    def _ask(self, request: Callable[[], T]) -> T:
        """One request; _Refusal where the registry answered with an error, Transient where it gave no answer."""
        from confluent_kafka.schema_registry.error import SchemaRegistryError

        try:
            return request()
        except SchemaRegistryError as error:
            raise _Refusal(error.http_status_code, error.error_code) from error
        except Exception as error:  # whatever else: no connection, a time-out, an answer that is not a registry's
            raise Transient(f"the schema registry at {self._url} does not answer ({type(error).__name__})") from error

    def _away(self, refusal: _Refusal) -> Transient:
        return Transient(f"the schema registry at {self._url} answers with {refusal}")


def _avro(found: Any) -> AvroSchema:
    """A client's ``Schema`` as parsed from JSON; of what is not an Avro record only that it is something else."""
    if found.schema_type not in (None, "AVRO"):
        return {"type": str(found.schema_type)}
    parsed = json.loads(found.schema_str)
    return parsed if isinstance(parsed, dict) else {"type": "not a record"}


def _client(settings: RegistrySettings, environment: Mapping[str, str]) -> Any:
    # Imported here: a second, and most processes need no registry.
    from confluent_kafka.schema_registry import SchemaRegistryClient

    options: dict[str, Any] = {
        "url": settings.url,
        "timeout": settings.timeout,
        "max.retries": 0,  # whoever asked knows better how to wait
    }
    if settings.user is not None and settings.password is not None:
        options["basic.auth.user.info"] = f"{settings.user}:{settings.password.reveal(environment)}"
    return SchemaRegistryClient(options)
