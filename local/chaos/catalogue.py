"""Every kind of fault there is: what each `*_faults.py` beside this file offers."""

import importlib
import pkgutil
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from local.chaos.fault import Kind

SUFFIX = "_faults"


def kinds(patterns: str = "*") -> list[Kind]:
    """All kinds, by name; or those whose name matches one of some patterns (shell style, with commas between).

    Raises:
        ValueError: two kinds have one name, or nothing matches.
    """
    found = sorted((kind for module in _modules() for kind in module), key=lambda kind: kind.name)
    names = [kind.name for kind in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"several kinds of fault are named {', '.join(sorted(twice))}")
    wanted = [pattern.strip() for pattern in patterns.split(",")]
    chosen = [kind for kind in found if any(fnmatch(kind.name, pattern) for pattern in wanted)]
    if not chosen:
        raise ValueError(f"no kind of fault matches {patterns!r}; there are: {', '.join(names)}")
    return chosen


def _modules() -> list[Sequence[Kind]]:
    names = [found.name for found in pkgutil.iter_modules([str(Path(__file__).parent)])]
    modules = [importlib.import_module(f"local.chaos.{name}") for name in names if name.endswith(SUFFIX)]
    return [module.KINDS for module in modules]
