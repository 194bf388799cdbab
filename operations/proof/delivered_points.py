"""The metering points of a delivery; beyond some, they lie in a temporary file."""

import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile

import msgspec

IN_MEMORY = 4 << 20
"""Bytes."""


@dataclass(frozen=True)
class Point:
    """One metering point: its rows, its periods (end excluded), and by month the hash of its contents."""

    metering_point: str
    readings: int
    first_period: int
    last_period: int
    months: dict[str, str]


_decode = msgspec.json.Decoder(Point).decode


class DeliveredPoints:
    """Any number of them, in the order in which they came."""

    def __init__(self) -> None:
        """None yet."""
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY, prefix="meterstream-")  # noqa: SIM115 - closed with us
        weakref.finalize(self, self._file.close)

    def add(self, point: Point) -> None:
        """One more."""
        self._file.write(msgspec.json.encode(point) + b"\n")

    def __iter__(self) -> Iterator[Point]:
        """All of them. None may be added meanwhile."""
        self._file.seek(0)
        return map(_decode, self._file)
