"""What is to be said about a list of points."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["problem", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """``about``: one word for its kind; ``line``: of the list, None: it is about no line; ``do``: what to do."""

    severity: Severity
    about: str
    line: int | None
    what: str
    do: str


def problem(about: str, line: int | None, what: str, do: str) -> Finding:
    """A list with one is not written."""
    return Finding("problem", about, line, what, do)


def warning(about: str, line: int | None, what: str, do: str) -> Finding:
    """Somebody should look at it; the list is written all the same."""
    return Finding("warning", about, line, what, do)
