"""The ledger: what the utility has said, in complete answers, in the order in which it was said.

One JSON object per line. `kind` tells the form:
- reading: a content that differs from the one served before under the same identity (feed, point, category,
  reading_date): customer_number, category, unit, consumption (the digits exactly as served; null), reading_date,
  method, reason.
- broken: a reading that nobody can use: broken (its kind), dead_letter (the reason it must get), original (its
  JSON as served), and the fields of a reading that it stands in for.
- message, body: a message or a whole body that nobody can use: broken, dead_letter, original (message only).
All have serial (1, 2, ... over the whole file), request (rising with the moment the request arrived), served_at
(UTC), feed and point. readings and broken also have index and version, which let a restarted process go on.
`superseded` is true when a newer content of the identity had been served completely before this older one was;
leave such lines out of the truth. So the truth of an identity is its last line that is not superseded.

A line is written right before the last bytes of its answer go, so after a kill the ledger may hold an answer that
did not arrive, never the other way round; whoever asked will ask again.
"""

import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from local.utility.meters import number_of
from local.utility.readings import BROKEN, Reading
from local.utility.world import Answer, Part, World

_Key = tuple[str, int, int]


class Ledger:
    """Remembers the version last served of every reading, and writes a line when it changes.

    With no path the lines are counted only. An existing file is read back first; a line cut by a crash is
    taken away.
    """

    def __init__(self, world: World, path: Path | None) -> None:
        self._world = world
        self._served: dict[_Key, bytearray] = {}
        self._file = None
        self.path = path
        self.counts: Counter[str] = Counter()
        self.serial = 0
        self.last_request = 0
        if path is not None:
            for line in _existing(path):
                self._reload(line)
            self._file = path.open("ab", buffering=0)

    def close(self) -> None:
        """Close the file; what was recorded is in it already."""
        if self._file is not None:
            self._file.close()

    def record(self, request: int, answers: list[Answer]) -> None:
        """Note that these messages were served completely, as the answer to this request."""
        lines: list[dict[str, object]] = []
        for answer in answers:
            for part in answer.parts:
                lines += self._changes(request, answer, part)
        self._write(lines)

    def record_unusable(self, request: int, where: tuple[str, str | None], letter: dict[str, object]) -> None:
        """Note that an unusable message or body was served to a request for (feed, point)."""
        self.counts[f"broken:{letter['broken']}"] += 1
        line = {"kind": letter["kind"], "request": request, "feed": where[0], "point": where[1]} | letter
        self._write([line])

    def _changes(self, request: int, answer: Answer, part: Part) -> Iterator[dict[str, object]]:
        key = (answer.feed, answer.meter.number, part.place)
        memory = self._served.setdefault(key, bytearray())
        high = part.low + len(part.versions)
        if len(memory) < high:
            memory.extend(bytes(high - len(memory)))
        if memory[part.low : high] == part.versions:
            return
        for index, version in enumerate(part.versions, part.low):
            before = memory[index]
            if version not in (0, before):
                memory[index] = max(before, version)
                line = self._line(answer, part, (index, before, version))
                if line is not None:
                    yield {"request": request, **line}

    def _line(self, answer: Answer, part: Part, step: tuple[int, int, int]) -> dict[str, object] | None:
        index, before, version = step
        reading = self._world.reading(answer.feed, part.series, index, version)
        old = self._world.reading(answer.feed, part.series, index, before) if before else None
        if old is not None and _content(old) == _content(reading):
            return None
        self._count(reading, old)
        line: dict[str, object] = {
            "kind": "broken" if reading.broken else "reading",
            "feed": answer.feed,
            "point": answer.meter.metering_point,
            "customer_number": answer.meter.customer_number,
            "category": reading.category,
            "unit": reading.unit,
            "consumption": reading.consumption,
            "reading_date": reading.date,
            "method": reading.method,
            "reason": reading.reason,
            "index": index,
            "version": version,
            "superseded": version < before,
        }
        if reading.broken:
            line |= {"broken": reading.broken, "dead_letter": BROKEN[reading.broken], "original": reading.json}
        return line

    def _count(self, reading: Reading, old: Reading | None) -> None:
        if reading.broken:
            self.counts[f"broken:{reading.broken}"] += 1
            return
        self.counts["contents"] += 1
        if old is not None:
            self.counts["fixed" if old.broken else "corrections"] += 1

    def _write(self, lines: list[dict[str, object]]) -> None:
        """Hand all lines of an answer to the system in one write."""
        if not lines:
            return
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        texts = []
        for line in lines:
            self.serial += 1
            texts.append(msgspec.json.encode({"serial": self.serial, "served_at": now, **line}) + b"\n")
        if self._file is not None:
            _write_all(self._file.fileno(), b"".join(texts))

    def _reload(self, line: dict[str, object]) -> None:
        self.serial = int(str(line["serial"]))
        self.last_request = max(self.last_request, int(str(line["request"])))
        if "version" not in line:
            self.counts[f"broken:{line['broken']}"] += 1
            return
        feed, index, version = str(line["feed"]), int(str(line["index"])), int(str(line["version"]))
        number = number_of(str(line["point"]), self._world.settings.points)
        if number is None or feed not in self._world.feeds:
            raise ValueError(f"ledger line {self.serial}: names no feed and point of this world: move the file away")
        series = self._world.meter(feed, number).series
        place = next(place for place, item in enumerate(series) if item.category == line["category"])
        memory = self._served.setdefault((feed, number, place), bytearray())
        memory.extend(bytes(max(0, index + 1 - len(memory))))
        before = memory[index]
        old = self._world.reading(feed, series[place], index, before) if before else None
        self._count(self._world.reading(feed, series[place], index, version), old)
        memory[index] = max(before, version)


def _content(reading: Reading) -> tuple[object, ...]:
    return (reading.unit, reading.consumption, reading.method, reading.reason, reading.broken)


def _write_all(descriptor: int, data: bytes) -> None:
    """Write every byte: a full disk or a signal may cut one write short."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _existing(path: Path) -> Iterator[dict[str, object]]:
    """The complete lines of a ledger; a torn last line is cut from the file."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        whole = 0
        for line in file:
            if not line.endswith(b"\n"):
                file.truncate(whole)
                return
            whole += len(line)
            yield msgspec.json.decode(line, type=dict[str, object])
