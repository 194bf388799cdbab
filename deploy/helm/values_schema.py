"""The schema of the chart's values: what Helm refuses before it sends anything to a cluster.

The chart's own values are described here; ``settings`` is meterstream.toml, described by the code that reads it.
Secrets must be references there, since the settings become a ConfigMap, which keeps none.
"""

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from runtime.settings.tree import Settings

Schema = dict[str, Any]
DEFINITIONS = "#/$defs/"

STRING: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
TEXTS: Schema = {"type": "object", "additionalProperties": STRING}
ANYTHING: Schema = {"type": "object"}
LIST_OF_ANYTHING: Schema = {"type": "array", "items": ANYTHING}
PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
VARIABLE = "^[A-Za-z_][A-Za-z0-9_]*$"
FILE_NAME = "^[A-Za-z0-9][A-Za-z0-9._-]*$"

REFERENCE: Schema = {
    "type": "object",
    "oneOf": [
        {
            "properties": {"env": {"type": "string", "pattern": VARIABLE}},
            "required": ["env"],
            "additionalProperties": False,
        },
        {"properties": {"file": STRING}, "required": ["file"], "additionalProperties": False},
    ],
}


class _SettingsSchema(GenerateJsonSchema):
    """The settings as Helm can check them: without defaults, which the code has, and in regular expressions of Go."""

    def function_plain_schema(self, schema: core_schema.PlainValidatorFunctionSchema) -> Schema:
        """What is read by a function of its own is a secret: one reference, or several."""
        return {"anyOf": [REFERENCE, {"type": "array", "items": REFERENCE, "minItems": 1}]}

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> Schema:
        """A number, or its digits as text."""
        return {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"}]}

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Schema:
        """What it is a default of."""
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:
        """A name says enough."""
        return False


def closed(properties: Mapping[str, Schema], **more: Any) -> Schema:
    """An object with these properties and no others."""
    return {"type": "object", "properties": dict(properties), "additionalProperties": False, **more}


def number(minimum: int) -> Schema:
    """A whole number, at least so large."""
    return {"type": "integer", "minimum": minimum}


def named(pattern: str, schema: Schema) -> Schema:
    """An object with names of the reader's choice."""
    return {"type": "object", "propertyNames": {"pattern": pattern}, "additionalProperties": schema}


SECRETS = named(FILE_NAME, closed({"secret": STRING, "key": STRING}, required=["secret", "key"]))

PROCESS: dict[str, Schema] = {
    "tag": STRING,
    "env": {
        "type": "object",
        "propertyNames": {"pattern": VARIABLE},
        "additionalProperties": {"type": ["string", "number", "boolean"]},
    },
    "secrets": SECRETS,
    "resources": ANYTHING,
    "volumes": LIST_OF_ANYTHING,
    "volumeMounts": LIST_OF_ANYTHING,
    "peers": LIST_OF_ANYTHING,
    "egress": LIST_OF_ANYTHING,
}
RECEIVER = closed({**PROCESS, "shares": number(1), "stopped": FLAG, "claim": STRING})
LABELLED = {"enabled": FLAG, "labels": TEXTS}


def values_schema() -> Schema:
    """The content of values.schema.json."""
    settings = Settings.model_json_schema(ref_template=DEFINITIONS + "{model}", schema_generator=_SettingsSchema)
    definitions = settings.pop("$defs")
    for names in ("sources", "receivers"):
        settings["properties"][names]["additionalProperties"] = False
    values = closed(
        {
            "global": ANYTHING,
            "image": _image(),
            "settings": settings,
            "secrets": SECRETS,
            "points": closed({"files": named(FILE_NAME, STRING), "volume": ANYTHING}),
            "pods": _pods(),
            "producer": closed({**PROCESS, "shards": number(1), "stopped": FLAG}),
            "streams": closed({**PROCESS, "replicas": number(0)}),
            "sinks": closed(
                {**PROCESS, "stopped": FLAG, "receivers": {"type": "object", "additionalProperties": RECEIVER}}
            ),
            "observer": closed({**PROCESS, "enabled": FLAG}),
            "operator": closed({**PROCESS, "enabled": FLAG}),
            "topics": closed({**PROCESS, "create": FLAG}),
            "networkPolicy": _network_policy(),
            "monitoring": _monitoring(),
        }
    )
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Values of the chart meterstream"}
    return {**head, **values, "$defs": definitions}


def _image() -> Schema:
    policies = {"enum": ["Always", "IfNotPresent", "Never"]}
    names = {"type": "array", "items": STRING}
    repository = {"type": "string", "minLength": 1}
    return closed({"repository": repository, "tag": STRING, "pullPolicy": policies, "pullSecrets": names})


def _pods() -> Schema:
    grace = {**number(21), "description": "seconds; a process gives up what it cannot finish after 20"}
    return closed(
        {
            "annotations": TEXTS,
            "labels": TEXTS,
            "nodeSelector": TEXTS,
            "tolerations": LIST_OF_ANYTHING,
            "priorityClassName": STRING,
            "gracePeriod": grace,
            "metricsPort": PORT,
        }
    )


def _network_policy() -> Schema:
    ports = {"type": "array", "items": PORT}
    peers = dict.fromkeys(("scrapers", "kafka", "registry", "dns"), LIST_OF_ANYTHING)
    return closed({"enabled": FLAG, **peers, "kafkaPorts": ports})


def _monitoring() -> Schema:
    return closed(
        {
            "serviceMonitor": closed({**LABELLED, "interval": STRING}),
            "rules": closed(LABELLED),
            "dashboards": closed({**LABELLED, "annotations": TEXTS}),
        }
    )
