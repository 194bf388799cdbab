"""Reads the settings: file, then environment, then checks; every problem in one report."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from runtime.errors import ConfigError
from runtime.settings.secret import MissingSecret, Secret
from runtime.settings.tree import Settings

PREFIX = "METERSTREAM__"
"""METERSTREAM__KAFKA__BOOTSTRAP_SERVERS sets [kafka] bootstrap_servers."""

EVERYWHERE = ("kafka", "topics", "registry", "log", "metrics")
"""Sections whose secrets and paths every process needs."""


def load(file: Path | None, environment: Mapping[str, str], needs: Sequence[str] = ()) -> Settings:
    """Reads and checks the settings.

    Args:
        file: the TOML file; None: defaults and environment only.
        environment: usually ``os.environ``.
        needs: sections beside :data:`EVERYWHERE` that this process uses, such as ``("sources",)`` or
            ``("receivers.vitec",)``: their secrets must be readable and their files exist.

    Raises:
        ConfigError: every problem found, one line each.
    """
    written = _read(file)
    problems = _overlay(written, environment)
    try:
        settings = Settings.model_validate(written)
    except ValidationError as error:
        raise ConfigError(problems + [_line(file, problem) for problem in error.errors()]) from None
    problems += [
        f"{'.'.join(path)}: {problem}"
        for section in (*EVERYWHERE, *needs)
        for path, problem in _unmet(_section(settings, section), section.split("."), environment)
    ]
    if problems:
        raise ConfigError(problems)
    return settings


def _read(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        written = tomllib.loads(file.read_text("utf-8"))
        return {key: _anchored(value, file.parent) for key, value in written.items()}
    except OSError as error:
        raise ConfigError([f"{file}: cannot be read: {error.strerror}; name another with --config"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([f"{file}: not TOML: {error}"]) from None


def _anchored(node: Any, folder: Path) -> Any:
    """Relative files named in the settings (points, file, path) stand beside the settings file."""
    if not isinstance(node, dict):
        return node
    return {
        key: str(folder / value)
        if key in {"points", "file", "path"} and isinstance(value, str)
        else _anchored(value, folder)
        for key, value in node.items()
    }


def _overlay(written: dict[str, Any], environment: Mapping[str, str]) -> list[str]:
    """Puts the environment's settings over the file's; returns what cannot be placed."""
    problems = []
    for name in sorted(environment):
        if not name.startswith(PREFIX):
            continue
        *sections, key = name.removeprefix(PREFIX).lower().split("__")
        node = written
        for section in sections:
            node = node.setdefault(section, {})
            if not isinstance(node, dict):
                problems.append(f"{name}: {section} is a single setting, it has nothing below it")
                break
        else:
            node[key] = environment[name]
    return problems


def _line(file: Path | None, problem: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in problem["loc"])
    what = "unknown setting" if problem["type"] == "extra_forbidden" else problem["msg"]
    return f"{where}: {what} (in {file or 'the environment'}; see meterstream.example.toml)"


def _section(settings: Settings, path: str) -> Any:
    """The group at a dotted path; ConfigError names what there is instead."""
    node: Any = settings
    for part in path.split("."):
        if isinstance(node, dict):
            if part not in node:
                raise ConfigError([f"{path}: there is no such section; there are: {', '.join(node) or 'none'}"])
            node = node[part]
        else:
            node = getattr(node, part)
    return node


def _unmet(node: Any, path: list[str], environment: Mapping[str, str]) -> Iterator[tuple[list[str], str]]:
    """Secrets below a group that cannot be read, input files that are not there."""
    if isinstance(node, Secret):
        try:
            node.reveal(environment)
        except MissingSecret as error:
            yield path, str(error)
    elif isinstance(node, Path):
        if path[-1] == "points" and not node.is_file():
            yield path, f"{node} is not a readable file"
    elif isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from _unmet(getattr(node, name), [*path, name], environment)
    elif isinstance(node, dict):
        for name, value in node.items():
            yield from _unmet(value, [*path, name], environment)
