"""Writes docs/metrics.md and docs/configuration.md from the code: `python -m operations.reference`, in a checkout.

A test compares them with what stands in the repository.
"""

import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from runtime.metrics import (
    ObserverMetrics,
    ProcessMetrics,
    ProducerMetrics,
    SinkMetrics,
    StreamsMetrics,
    SupervisorMetrics,
)
from runtime.settings.secret import Secret
from runtime.settings.tree import Settings

DOCS = Path(__file__).resolve().parent.parent / "docs"

_METRICS_HEAD = """\
# Metrics

Written by `python -m operations.reference`; do not edit. Every process serves them at `/metrics`, beside the usual
ones of the Python process (`process_…`, `python_…`). Times are in seconds; timestamps in seconds since 1970 in UTC,
and absent until there is one. A metering point is never a label.
"""

_CONFIGURATION_HEAD = """\
# Configuration

Written by `python -m operations.reference`; do not edit. One TOML file (`--config`, default `meterstream.toml`);
`meterstream.example.toml` is a complete one. Every setting can be given by an environment variable instead, which
wins: `METERSTREAM__KAFKA__BOOTSTRAP_SERVERS` sets `bootstrap_servers` of `[kafka]`. A *secret* is written as
`{ env = "NAME" }` or `{ file = "path" }`. Relative paths in the file are relative to the file. `NAME` stands for a
name of your choice. `meterstream config check` reports every problem at once.
"""


def metrics() -> str:
    """The text of docs/metrics.md."""
    parts = [_METRICS_HEAD]
    for title, kind in (
        ("Every process", ProcessMetrics),
        ("Producer", ProducerMetrics),
        ("Streams", StreamsMetrics),
        ("Sinks", SinkMetrics),
        ("All sinks of a machine", SupervisorMetrics),
        ("Observer", ObserverMetrics),
    ):
        parts.append(f"\n## {title}\n\n| series | type | labels | meaning |\n|---|---|---|---|\n")
        parts += [_metric(metric) for metric in vars(kind(CollectorRegistry())).values()]
    return "".join(parts)


def _metric(metric: Any) -> str:
    described = metric.describe()[0]
    suffix = "_total" if described.type == "counter" else ""
    labels = ", ".join(f"`{name}`" for name in metric._labelnames)  # prometheus-client has no public name for them
    return f"| `{described.name}{suffix}` | {described.type} | {labels} | {described.documentation} |\n"


def configuration() -> str:
    """The text of docs/configuration.md."""
    return _CONFIGURATION_HEAD + "".join(_section(Settings, "", "Top level"))


def _section(model: type[BaseModel], path: str, title: str) -> Iterator[str]:
    """One table for a group's own settings, then its sub-groups."""
    rows, below = [], []
    for name, field in model.model_fields.items():
        groups = list(_groups(field.annotation))
        if not groups:
            rows.append(_row(name, field))
        named = typing.get_origin(field.annotation) is dict
        where = ".".join(part for part in (path, name, "NAME" if named else "") if part)
        below += [(group, where) for group in groups]
    yield f"\n## {title}\n\n{(model.__doc__ or '').strip()}\n"
    if rows:
        yield "\n| setting | type | default | meaning |\n|---|---|---|---|\n"
        yield from rows
    for group, where in below:
        kind = group.model_fields.get("type")
        chosen = typing.get_args(kind.annotation)[0] if kind else None
        yield from _section(group, where, f"`[{where}]`" + (f' with `type = "{chosen}"`' if chosen else ""))


def _groups(annotation: Any) -> Iterator[type[BaseModel]]:
    """The groups of settings that a type leads to."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _groups(argument)


def _row(name: str, field: FieldInfo) -> str:
    if field.default_factory is not None:
        default = "empty"
    elif field.default is PydanticUndefined:
        default = "**required**"
    else:
        default = "–" if field.default is None else f"`{_literal(field.default)}`"
    return f"| `{name}` | {_type(field.annotation)} | {default} | {field.description or ''} |\n"


def _literal(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(repr, value))}]".replace("'", '"')
    return str(value).lower() if isinstance(value, bool) else str(value)


def _type(annotation: Any) -> str:
    """A type in a reader's words."""
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is typing.Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return " or ".join(_type(argument) for argument in arguments if argument is not types.NoneType)
    words = {str: "text", int: "integer", float: "number", bool: "true, false", Path: "path", Secret: "secret"}
    if typing.get_origin(annotation) is tuple:
        return f"list of {_type(arguments[0])}"
    if arguments:
        return f"{getattr(typing.get_origin(annotation), '__name__', '?')} of {', '.join(map(_type, arguments))}"
    return words.get(annotation, getattr(annotation, "__name__", str(annotation)).lower())


def main() -> None:
    """Writes both files."""
    DOCS.joinpath("metrics.md").write_text(metrics(), "utf-8")
    DOCS.joinpath("configuration.md").write_text(configuration(), "utf-8")


if __name__ == "__main__":
    main()
