"""What the producer remembers of a point: the versions it has given and the parts it has published.

The record of the polls topic, byte for byte (big-endian): format (1 byte), task (1), fingerprint (8), and as 8-byte
ints last fetched_at, cursor, swept_at, full_at, readings_next; then for each part its key (4) and hash (8), ascending.
Parts are bounded: the newest are kept. Losing a record costs calls; a record of another format counts as lost.
"""

import struct
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec

from producer.feed import FINGERPRINT
from producer.parts import HASH, UNDATED

Task = Literal["none", "load", "sweep", "full"]
_TASKS: tuple[Task, ...] = ("none", "load", "sweep", "full")
_FORMAT = 1
_HEAD = struct.Struct(f">BB{FINGERPRINT}s5q")
_PART = struct.Struct(f">I{HASH}s")
_NO_SETTINGS = bytes(FINGERPRINT)


@dataclass(frozen=True, slots=True)
class Remembered:
    """One point's memory.

    ``task`` and ``cursor`` (days since 1970): the load or sweep under way, and the day from which it goes on.
    ``fingerprint``: of the settings that the parts were published with. ``swept_at``, ``full_at``: when the last deep
    and full sweep ended, in UTC microseconds. ``readings_next``: the readings partition was at least this long.
    ``parts``: hashes by part.
    """

    fetched_at: int = 0
    fingerprint: bytes = _NO_SETTINGS
    task: Task = "none"
    cursor: int = 0
    swept_at: int = 0
    full_at: int = 0
    readings_next: int = 0
    parts: Mapping[int, bytes] = field(default_factory=dict)

    @property
    def new(self) -> bool:
        """Whether nothing of it was ever loaded."""
        return self.fingerprint == _NO_SETTINGS

    def without(self, keys: AbstractSet[int]) -> "Remembered":
        """The same without some parts."""
        return replace(self, parts={key: value for key, value in self.parts.items() if key not in keys})

    def encode(self, most_parts: int) -> bytes:
        """The record; of its parts only the newest."""
        head = _HEAD.pack(
            _FORMAT,
            _TASKS.index(self.task),
            self.fingerprint,
            self.fetched_at,
            self.cursor,
            self.swept_at,
            self.full_at,
            self.readings_next,
        )
        return head + b"".join(_PART.pack(key, self.parts[key]) for key in self._kept(most_parts))

    def _kept(self, most_parts: int) -> list[int]:
        dated = sorted(key for key in self.parts if key != UNDATED)[-most_parts:]
        return [*dated, UNDATED] if UNDATED in self.parts else dated


NOTHING = Remembered()


def decode(record: bytes | None) -> Remembered:
    """What a record holds; nothing, where it is missing or of another format."""
    if record is None or len(record) < _HEAD.size or record[0] != _FORMAT:
        return NOTHING
    if (len(record) - _HEAD.size) % _PART.size or record[1] >= len(_TASKS):
        return NOTHING
    _, task, fingerprint, fetched_at, cursor, swept_at, full_at, readings_next = _HEAD.unpack_from(record)
    parts: dict[int, bytes] = dict(_PART.iter_unpack(memoryview(record)[_HEAD.size :]))
    return Remembered(fetched_at, fingerprint, _TASKS[task], cursor, swept_at, full_at, readings_next, parts)


def memory_key(source: str, metering_point: str) -> bytes:
    """The key of a point's record: a compact JSON array in UTF-8."""
    return msgspec.json.encode((source, metering_point))


def read_key(key: bytes | None) -> tuple[str, str] | None:
    """Source and metering point of a record; None where the key is nothing of ours."""
    try:
        return msgspec.json.decode(key or b"", type=tuple[str, str])
    except msgspec.DecodeError:
        return None


class Memory:
    """What is remembered of one source's points, as compact records."""

    def __init__(self, most_parts: int) -> None:
        """``most_parts``: how many parts of a point are kept."""
        self._most_parts = most_parts
        self._records: dict[str, bytes] = {}

    def restore(self, metering_point: str, record: bytes | None) -> None:
        """Takes a record of the topic; the later one of a point wins."""
        if record is None:
            self._records.pop(metering_point, None)
        else:
            self._records[metering_point] = record

    def of(self, metering_point: str) -> Remembered:
        """What is remembered of a point."""
        return decode(self._records.get(metering_point))

    def put(self, metering_point: str, remembered: Remembered) -> bytes:
        """Remembers it in this process; returns the record that makes it last."""
        record = self._records[metering_point] = remembered.encode(self._most_parts)
        return record

    def lengths(self) -> Iterator[tuple[str, int]]:
        """Each point of which something is remembered, and how long its readings partition was at least."""
        for metering_point, record in self._records.items():
            if len(record) >= _HEAD.size and record[0] == _FORMAT:
                yield metering_point, _HEAD.unpack_from(record)[-1]

    def forget_full_sweeps(self) -> None:
        """Makes a full sweep of every point due."""
        for metering_point, record in list(self._records.items()):
            self.put(metering_point, replace(decode(record), full_at=0))

    def __len__(self) -> int:
        return len(self._records)
