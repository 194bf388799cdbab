"""A list of points as a person wrote it: a CSV that a spreadsheet exported, or TOML."""

import codecs
import csv
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from operations.points import words
from operations.points.finding import Finding, problem, warning
from operations.points.line import COLUMNS, Line
from runtime.errors import ConfigError
from schemas.events import Granularity, SeriesKind

DELIMITERS = ";,\t"
_ROUNDED = re.compile(r"[0-9]([.,][0-9]+)?[eE]\+?[0-9]+")
_DAY = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})(?:[T ]00:00(?::00)?)?")
MAX_TEXT = 1_000
EARLIEST = date(1970, 1, 1)


@dataclass
class Written:
    """What a list holds. ``how``: how the file was read, in words; ``lines``: those that can be used."""

    file: Path
    how: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def read(file: Path) -> Written:
    """Reads a list; whatever is wrong with a line is a finding.

    Raises:
        ConfigError: the file cannot be read, or no line of it could be.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ConfigError([f"{file}: cannot be read: {error.strerror}"]) from None
    written = Written(file)
    text = _text(file, data, written.how)
    rows = _toml(file, text) if file.suffix == ".toml" else _csv(written, text)
    for number, cells in rows:
        _add(written, number, cells)
    if not written.lines and not written.findings:
        written.findings.append(problem("empty", None, "the list holds no metering point", "give it at least one"))
    return written


def _text(file: Path, data: bytes, how: list[str]) -> str:
    marks = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    marked = [name for mark, name in marks.items() if data.startswith(mark)]
    for encoding, said in ((marked[0], marked[0]),) if marked else (("utf-8", "UTF-8"), ("cp1252", "Windows-1252")):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            how.append({"utf-8-sig": "UTF-8 with a mark", "utf-16": "UTF-16"}.get(said, said))
            return text
    raise ConfigError([f"{file}: neither UTF-8, UTF-16 nor Windows-1252; is it a spreadsheet? save it as CSV (UTF-8)"])


def _toml(file: Path, text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    try:
        points = tomllib.loads(text)["points"]
        entries = [{name: _toml_cell(value) for name, value in point.items()} for point in points]
    except (ValueError, RecursionError) as error:
        raise ConfigError([f"{file}: not TOML: {error}"]) from None
    except (KeyError, AttributeError, TypeError):
        raise ConfigError([f"{file}: write a section [[points]] for each metering point"]) from None
    unknown = {name for entry in entries for name in entry} - set(COLUMNS)
    if unknown:
        raise ConfigError([f"{file}: unknown: {', '.join(sorted(unknown))}; there are: {', '.join(COLUMNS)}"])
    yield from enumerate(entries, 1)


def _toml_cell(value: Any) -> str:
    if isinstance(value, (str, date, datetime)):
        return str(value)
    raise TypeError


def _csv(written: Written, text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The cells of each line by column, with its number."""
    first, _, rest = text.partition("\n")
    told = first.strip().lower() if first.lower().startswith("sep=") else ""
    header_line = (rest if told else text).split("\n", 1)[0]
    delimiter = told[4:5] or max(DELIMITERS, key=lambda mark: len(_known(header_line, mark)))
    reader = csv.reader((rest if told else text).splitlines(keepends=True), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        names = words.columns(header)
        _require(written, header, names)
        written.how.append("separated by tabs" if delimiter == "\t" else f"separated by {delimiter}")
        for cells in reader:
            number = reader.line_num + bool(told)
            if len(cells) > len(names) and any(cells[len(names) :]):
                what = f"{len(cells)} cells, the header has {len(names)}"
                written.findings.append(problem("unreadable", number, what, "put quotes around a text that holds one"))
            elif any(cell.strip() for cell in cells):
                yield number, {name: cell for name, cell in zip(names, cells, strict=False) if name}
    except csv.Error as error:
        raise ConfigError([f"{written.file}: line {reader.line_num}: not CSV: {error}"]) from None


def _known(header: str, mark: str) -> list[str]:
    return [name for name in words.columns([cell.strip(' "\r') for cell in header.split(mark)]) if name]


def _require(written: Written, header: list[str], names: list[str | None]) -> None:
    known = [name for name in names if name]
    twice = {name for name in known if known.count(name) > 1}
    if "metering_point" not in known or twice:
        what = f"two columns for {', '.join(sorted(twice))}" if twice else "no column for the metering point"
        raise ConfigError(
            [f"{written.file}: line 1: {what} in the header; name the columns {', '.join(COLUMNS)}, or as the handbook"]
        )
    for cell, name in zip(header, names, strict=True):
        if name is None and cell and cell not in words.DISCOVERED:
            what = f"column {cell} is not read"
            written.findings.append(warning("column", 1, what, f"nothing, or call it one of {', '.join(COLUMNS)}"))
        elif name and cell != name:
            written.how.append(f"{cell} is {name}" + (" (that day excluded)" if name == "valid_to" else ""))


def _add(written: Written, number: int, cells: Mapping[str, str]) -> None:
    """Adds a line; what it says wrong becomes a finding, and it is left out."""
    line = _Cells(number, {name: _stripped(cell) for name, cell in cells.items()})
    made = line.made()
    written.findings += line.findings
    if not line.findings:
        written.lines.append(made)


def _day_after(day: date) -> date | None:
    return None if day == date.max else day + timedelta(days=1)


def _stripped(cell: str) -> str:
    """Without the space around it, and without the formula by which a spreadsheet keeps digits a text."""
    text = cell.strip()
    return text[2:-1].strip() if text.startswith('="') and text.endswith('"') else text


class _Cells:
    """The cells of one line, and what is wrong with them."""

    def __init__(self, number: int, cells: Mapping[str, str]) -> None:
        self.findings: list[Finding] = []
        self._number = number
        self._cells = cells

    def made(self) -> Line:
        last = self._date(words.LAST_DAY)
        line = Line(
            self._number,
            metering_point=self._text("metering_point"),
            category=self._text("category"),
            receiver_key=self._text("receiver_key"),
            valid_from=self._date("valid_from"),
            valid_to=self._date("valid_to") if last is None else _day_after(last),
            granularity=self._granularity(),
            kind=self._kind(),
            facility_id=self._text("facility_id"),
        )
        if not line.metering_point:
            self._say("the metering point is empty", "fill it in, or remove the line")
        if line.valid_from and line.valid_to and line.valid_to <= line.valid_from:
            self._say("valid_to is not after valid_from", "the day in valid_to is the first that does not count")
        return line

    def _say(self, what: str, do: str) -> None:
        self.findings.append(problem("unreadable", self._number, what, do))

    def _text(self, name: str) -> str:
        text = self._cells.get(name, "")
        if _ROUNDED.fullmatch(text):
            self._say(f"{name} {text}: a spreadsheet has rounded it", "make the column a text column, export it again")
        if len(text) > MAX_TEXT or any(not mark.isprintable() for mark in text):
            self._say(f"{name}: more than {MAX_TEXT} characters, or one that cannot be printed", "correct it")
        return text

    def _date(self, name: str) -> date | None:
        text = self._cells.get(name, "")
        found = _DAY.fullmatch(text)
        try:
            day = date(*map(int, found.groups())) if found else None
        except ValueError:
            day = None
        if text and (day is None or day < EARLIEST):
            self._say(f"{name} {text}: not a date from {EARLIEST} on", "write it like 2025-12-31")
        return day

    def _granularity(self) -> Granularity | None:
        text = self._cells.get("granularity", "")
        found = words.granularity(text)
        if text and found is None:
            self._say(f"granularity {text}: unknown", f"one of {', '.join(words.GRANULARITIES)}, or nothing")
        return found

    def _kind(self) -> SeriesKind | None:
        text = self._cells.get("kind", "")
        found = words.kind(text)
        if text and found is None:
            self._say(f"kind {text}: unknown", "register (positions), volume (consumption), or nothing")
        return found
