"""Where layouts come from: the ones that ship, and files of the user's own."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from runtime.errors import ConfigError
from runtime.settings.receiver import PolicySettings
from sinks.layouts.columns import SOURCES
from sinks.layouts.layout import Layout, LayoutFile
from sinks.layouts.zone import zone_of

_FOLDER = files("sinks.layouts")


def shipped() -> list[str]:
    """The names of the layouts that ship."""
    return sorted(entry.name.removesuffix(".toml") for entry in _FOLDER.iterdir() if entry.name.endswith(".toml"))


def text_of(name: str) -> str:
    """The file of a shipped layout, as it stands.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in shipped():
        raise ConfigError([_unknown(name)])
    return _FOLDER.joinpath(f"{name}.toml").read_text("utf-8")


def load(names: Sequence[str], folder: Path, policy: PolicySettings, zone: str) -> tuple[Layout, ...]:
    """A receiver's layouts.

    Args:
        names: of shipped layouts, or paths of files (with a / or ending in .toml).
        folder: where relative paths begin.
        policy: the receiver's own, over the layouts'.
        zone: the receiver's.

    Raises:
        ConfigError: every problem: an unknown layout, a file that is none, two views of one name.
    """
    problems: list[str] = []
    found: list[Layout] = []
    where = zone_of("UTC")
    try:
        where = zone_of(zone)
    except ValueError as error:
        problems.append(f"zone: {error}")
    for name in names:
        try:
            file = read(name, _text(name, folder))
            found.append(Layout(name, file, file.policy.overridden(policy), where))
        except ConfigError as error:
            problems += error.problems
    problems += _twice(found)
    if problems:
        raise ConfigError(problems)
    return tuple(found)


def read(name: str, text: str) -> LayoutFile:
    """A layout from the text of its file; ``name`` is for messages.

    Raises:
        ConfigError: every problem.
    """
    try:
        return LayoutFile.model_validate(tomllib.loads(text))
    except ValidationError as error:
        raise ConfigError([_line(name, problem) for problem in error.errors()]) from None
    except (ValueError, RecursionError) as error:
        raise ConfigError([f"layout {name}: not TOML: {error}"]) from None


def _text(name: str, folder: Path) -> str:
    if "/" not in name and not name.endswith(".toml"):
        return text_of(name)
    file = folder / name
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise ConfigError([f"layout {file}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"layout {file}: not a file in UTF-8"]) from None


def _line(name: str, problem: Mapping[str, Any]) -> str:
    *path, last = [str(part) for part in problem["loc"]] or [""]
    message = problem["msg"].removeprefix("Value error, ")
    match problem["type"], problem["loc"]:
        case _, ("columns", int(index), _, "from"):
            what = f"column {index + 1}: from must be one of {', '.join(SOURCES)}"
        case "extra_forbidden", _:
            what = f"{last}: unknown; see docs/layouts.md"
        case _, ("columns", int(index), *rest):
            what = f"column {index + 1}{''.join(f' {part}' for part in rest[1:])}: {message}"
        case _:
            what = f"{'.'.join([*path, last])}: {message}".removeprefix(": ")
    return f"layout {name}: {what}"


def _twice(layouts: Sequence[Layout]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for layout in layouts:
        if layout.view in seen:
            yield f"layouts {seen[layout.view]} and {layout.name} make the same view {layout.view}; rename one"
        seen.setdefault(layout.view, layout.name)


def _unknown(name: str) -> str:
    return f"layout {name}: there is none of that name; these ship: {', '.join(shipped())}; or write a path"
