"""Whether a run was quiet: its logs and what it served over HTTP hold no value, point, customer number or secret.

The values and customer numbers of the simulated utility carry a mark (local/utility/amounts.py, meters.py); what is
derived from them (a delta in thousandths) is found where it is written with all its decimals or as an int of 10^-12,
and not where it is written short. Points and secrets are looked for as the run's own files spell them.

The simulated utility's own log is not the product's and is not searched, nor are the data of Kafka and PostgreSQL.
"""

import csv
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

SERVED = "served"
"""The folder of a run in which :func:`keep_served` puts what its processes answered."""
PATHS = ("/metrics", "/healthz", "/readyz")
SEARCHED = (".log", ".served")
_NOT_SEARCHED = frozenset({"utility", "cluster", "log", "tablespace", "secrets"})
"""Folders of a run: the utility, the data of PostgreSQL and Kafka (whose segments are called .log, too), secrets."""
_SHORTEST = 4
"""Characters of a secret that is looked for."""
SHOWN = 10

MARKS = {
    "a value": re.compile(
        r"0{5}7731"  # of a volume or a register, in any unit of a power of ten
        r"|(?<![\w.:,-])\d{1,8}7\.731(?![\d.])|\d7731\.?0{3}"  # heat, as sent and in smaller units
        r"|\.\d{3}0{9}(?!\d)|\d{4}0{9}(?!\d)"  # an exact number with all its decimals; an int of 10^-12
        r"|7731773177|567877313|41,7731"  # numbers that nobody can use
    ),
    "a customer number": re.compile(r"(?<!\d)7731\d{6}(?!\d)"),
}


@dataclass(frozen=True)
class Leak:
    """One line that says too much. ``what``: the kind of what it says, never the thing itself."""

    file: Path
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} holds {self.what}"


@dataclass(frozen=True)
class Quietness:
    """What a search found. ``lines``: how many were searched; none means that nothing was shown."""

    lines: int
    leaks: tuple[Leak, ...]

    @property
    def quiet(self) -> bool:
        """Whether something was searched and nothing was found."""
        return self.lines > 0 and not self.leaks

    def __str__(self) -> str:
        if self.quiet:
            return f"{self.lines:,} lines of logs and metrics hold no value, point, customer number or secret"
        if not self.lines:
            return "there is no log and no metrics to search"
        more = f" … and {len(self.leaks) - SHOWN} more" if len(self.leaks) > SHOWN else ""
        return "; ".join(map(str, self.leaks[:SHOWN])) + more


def judge_quiet(directory: Path) -> Quietness:
    """Searches every log and kept answer of a run.

    Args:
        directory: of a :class:`local.system.LocalSystem` (running or stopped): logs/, served/, secrets/, points files.
    """
    secret = {f"a secret of {name}": _any_of(texts) for name, texts in _secrets(directory).items()}
    marks = {**MARKS, "a metering point": _any_of(_points(directory)), **secret}
    lines, leaks = 0, []
    for file in sorted(_searched(directory)):
        with file.open(encoding="utf-8", errors="replace") as text:
            for number, line in enumerate(text, 1):
                lines += 1
                found = [what for what, mark in marks.items() if mark is not None and mark.search(line)]
                leaks += [Leak(file.relative_to(directory), number, what) for what in found]
    return Quietness(lines, tuple(leaks))


def keep_served(ports: Mapping[str, int], directory: Path, within: float = 2.0) -> None:
    """Adds what each process answers now at every path to ``served/NAME.served``; one that is not there is left out.

    Args:
        ports: process name to the port of its health server on loopback.
        directory: of the run.
        within: seconds for each answer.
    """
    folder = directory / SERVED
    folder.mkdir(exist_ok=True)
    for name, port in ports.items():
        with (folder / f"{name}.served").open("ab") as file:
            for path in PATHS:
                file.write(_answer(f"http://127.0.0.1:{port}{path}", within))


def _answer(address: str, within: float) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=within) as answer:  # noqa: S310 - our own loopback address
            return bytes(answer.read())
    except urllib.error.HTTPError as refusal:  # 503: not ready, and why
        with refusal:
            return refusal.read()
    except OSError:
        return b""


def _searched(directory: Path) -> Iterator[Path]:
    for path in directory.iterdir():
        if path.is_dir() and not path.is_symlink():
            if path.name not in _NOT_SEARCHED:
                yield from _searched(path)
        elif path.suffix in SEARCHED:
            yield path


def _points(directory: Path) -> set[str]:
    """The first column of every points file."""
    found: set[str] = set()
    for pattern in ("points-*.csv", "receiver-*.csv"):
        for file in directory.glob(pattern):
            with file.open(encoding="utf-8", newline="") as lines:
                found |= {row[0] for row in csv.reader(lines) if row} - {"metering_point"}
    return found


def _secrets(directory: Path) -> dict[str, set[str]]:
    """By file name: every line of a secret, and the password within an address."""
    found: dict[str, set[str]] = {}
    for file in (*(directory / "secrets").glob("*"), *directory.glob("*/password")):
        lines = {line.strip() for line in file.read_text("utf-8", errors="replace").splitlines()}
        passwords = {urlsplit(line).password or "" for line in lines if "://" in line}
        found[file.name] = {
            text for text in lines | passwords | {unquote(one) for one in passwords} if len(text) >= _SHORTEST
        }
    return found


def _any_of(texts: set[str]) -> re.Pattern[str] | None:
    """Finds any of these texts; None where there is none."""
    return re.compile("|".join(map(re.escape, sorted(texts)))) if texts else None
