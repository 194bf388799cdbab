"""Reads the settings: file, then environment, then checks; every problem in one report."""

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from runtime.errors import ConfigError
from runtime.settings.secret import MissingSecret, Secret
from runtime.settings.security import TlsSettings
from runtime.settings.system import KafkaSettings
from runtime.settings.tree import Settings
from runtime.tls import tls_problems

PREFIX = "METERSTREAM__"
"""METERSTREAM__KAFKA__BOOTSTRAP_SERVERS sets [kafka] bootstrap_servers."""

EVERYWHERE = ("kafka", "topics", "registry", "log", "metrics")
"""Sections whose secrets and paths every process needs."""

NOT_ITS_WORKER_S = ("test", "momentum_api")
"""What of a receiver's section another process uses."""


def load(file: Path | None, environment: Mapping[str, str], needs: Sequence[str] = ()) -> Settings:
    """Reads and checks the settings.

    Args:
        file: the TOML file; None: defaults and environment only.
        environment: usually ``os.environ``.
        needs: sections beside :data:`EVERYWHERE` that this process uses, such as ``("sources",)`` or
            ``("receivers.vitec",)``: their secrets must be readable and their files exist. Who names receivers is not
            stopped by what is wrong with others: their sections are left out.

    Raises:
        ConfigError: every problem found, one line each.
    """
    written = _read(file)
    problems = _overlay(written, environment)
    settings = None
    try:
        settings = Settings.model_validate(_without_others(written, needs))
    except ValidationError as error:
        problems += [_line(file, problem) for problem in error.errors()]
    for section in (*EVERYWHERE, *needs):
        problems += _unmet(written, section, environment)
    if settings is not None:
        problems += _unusable(settings.kafka, environment)
        problems += _unusable_of_sources(settings, needs, environment)
    if problems or settings is None:
        raise ConfigError(list(dict.fromkeys(problems)))
    return settings


def _without_others(written: dict[str, Any], needs: Sequence[str]) -> dict[str, Any]:
    named = {section.split(".")[1] for section in needs if section.startswith("receivers.")}
    receivers = written.get("receivers")
    if not named or not isinstance(receivers, dict):
        return written
    return written | {"receivers": {name: section for name, section in receivers.items() if name in named}}


@dataclass(frozen=True)
class Apart:
    """Settings without those receivers whose sections are not as they must be; ``wrong``: what is, by their names."""

    settings: Settings
    wrong: Mapping[str, Sequence[str]]


def load_apart(file: Path | None, environment: Mapping[str, str]) -> Apart:
    """As :func:`load`, but a receiver's mistakes are its own: for who runs several. No receiver's secrets are read.

    Raises:
        ConfigError: what concerns them all is not as it must be; every problem found, those of receivers too.
    """
    written = _read(file)
    problems = _overlay(written, environment)
    wrong, common = _by_receiver(file, written)
    for name in wrong:
        wrong[name] += _unmet(written, f"receivers.{name}", environment)
        del written["receivers"][name]
    problems += common
    for section in EVERYWHERE:
        problems += _unmet(written, section, environment)
    settings = None if common else Settings.model_validate(written)
    if settings is not None:
        problems += _unusable(settings.kafka, environment)
    if problems or settings is None:
        raise ConfigError(list(dict.fromkeys([*problems, *(line for lines in wrong.values() for line in lines)])))
    return Apart(settings, wrong)


def _by_receiver(file: Path | None, written: dict[str, Any]) -> tuple[dict[str, list[str]], list[str]]:
    """What is wrong in the form: of receivers, by their names, and of all else."""
    wrong: dict[str, list[str]] = {}
    common: list[str] = []
    try:
        Settings.model_validate(written)
    except ValidationError as error:
        for problem in error.errors():
            match problem["loc"]:
                case ("receivers", str(name), *_):
                    wrong.setdefault(name, []).append(_line(file, problem))
                case _:
                    common.append(_line(file, problem))
    return wrong, common


def _read(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        written = tomllib.loads(file.read_text("utf-8"))
        return {key: _anchored(value, file.parent) for key, value in written.items()}
    except OSError as error:
        raise ConfigError([f"{file}: cannot be read: {error.strerror}; name another with --config"]) from None
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, a number or a nesting beyond Python's limits
        raise ConfigError([f"{file}: not TOML: {error}"]) from None


def _anchored(node: Any, folder: Path) -> Any:
    """Relative paths in the settings (points, file, path, folder, targets, ..._file, layouts) begin at their file."""
    if isinstance(node, list):
        return [_anchored(value, folder) for value in node]
    if not isinstance(node, dict):
        return node
    return {
        key: str(folder / value)
        if (key in {"points", "file", "path", "folder", "targets"} or key.endswith("_file")) and isinstance(value, str)
        else [_layout(one, folder) for one in value]
        if key == "layouts" and isinstance(value, list)
        else _anchored(value, folder)
        for key, value in node.items()
    }


def _layout(name: Any, folder: Path) -> Any:
    """A layout of one's own is a path; a name without a slash and a suffix is one that ships."""
    return str(folder / name) if isinstance(name, str) and ("/" in name or name.endswith(".toml")) else name


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


def _unmet(written: dict[str, Any], section: str, environment: Mapping[str, str]) -> Iterator[str]:
    """What a section needs and is not there. Looks at what is written, so that other mistakes do not hide it."""
    node: Any = written
    *above, name = section.split(".")
    for part in above:
        node = node.get(part, {}) if isinstance(node, dict) else {}
    if above and name not in node:
        yield f"{section}: there is no such section; there are: {', '.join(node) or 'none'}"
    elif isinstance(node, dict):
        found = node.get(name)
        if above == ["receivers"] and isinstance(found, dict):
            found = {key: value for key, value in found.items() if key not in NOT_ITS_WORKER_S}
        yield from _missing(found, section, environment)


def _missing(node: Any, path: str, environment: Mapping[str, str]) -> Iterator[str]:
    """Secrets below a node that cannot be read, input files that are not there."""
    match node:
        case {"env": str()} | {"file": str()} if len(node) == 1:
            try:
                Secret.parse(node).reveal(environment)
            except MissingSecret as error:
                yield f"{path}: {error}"
        case [_, *_] if all(isinstance(each, dict) for each in node):
            unread = [list(_missing(each, path, environment)) for each in node]
            if all(unread):  # one that can be read will do
                yield from (line for lines in unread for line in lines)
        case dict():
            for name, value in node.items():
                if name == "points" and isinstance(value, str) and not _readable(value):
                    yield f"{path}.points: {value} is not a readable file"
                yield from _missing(value, f"{path}.{name}", environment)


def _unusable(kafka: KafkaSettings, environment: Mapping[str, str]) -> Iterator[str]:
    """Certificates and keys with which no connection can be made."""
    if kafka.encrypted:
        yield from tls_problems("kafka.tls", kafka.tls, environment)
    if kafka.sasl.oauth is not None:
        yield from tls_problems("kafka.sasl.oauth", TlsSettings(ca_file=kafka.sasl.oauth.ca_file), environment)


def _unusable_of_sources(settings: Settings, needs: Sequence[str], environment: Mapping[str, str]) -> Iterator[str]:
    """The same of the sources that are needed."""
    for name, source in settings.sources.items():
        if source.encrypted and not {"sources", f"sources.{name}"}.isdisjoint(needs):
            yield from tls_problems(f"sources.{name}.tls", source.tls, environment)


def _readable(file: str) -> bool:
    return os.path.isfile(file) and os.access(file, os.R_OK)  # noqa: PTH113  # Path.is_file() raises where a folder is closed
