"""A receiver's rows as the values that layouts read: such that all values of a receiver key come together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from operations.proof.rows import PLACE, Version
from operations.proof.sorted_rows import SortedRows
from sinks.layouts.reading import Delivered
from sinks.points.points import Period, Point, Points

_PERIOD = tuple(PLACE[name] for name in ("granularity", "period_start", "period_end"))
_CATEGORY = PLACE["delivery_category"]

AsDelivered = Callable[[Sequence[Any]], Delivered]
"""Of a row's fields."""


class WholeKeys:
    """Rows come by metering point. Those under a key that several points share are put aside until all have come."""

    def __init__(self, points: Points, as_delivered: AsDelivered, aside: SortedRows) -> None:
        """``aside``: sorted :func:`by_receiver_key`."""
        self._points = points
        self._as_delivered = as_delivered
        self._aside = aside
        self._shared = _shared_keys(points)

    def of_point(self, rows: Sequence[Version]) -> list[Delivered]:
        """Of all rows of a metering point the values that are complete with it."""
        shared = self._shared.get(rows[0].key[0])
        if shared is None:
            return [self._as_delivered(row.fields) for row in rows]
        keys = [self._key(row) for row in rows]
        self._aside.add([key, *row.fields] for key, row in zip(keys, rows, strict=True) if key in shared)
        return [self._as_delivered(row.fields) for key, row in zip(keys, rows, strict=True) if key not in shared]

    def rest(self) -> Iterator[list[Delivered]]:
        """Once all have come: those that were put aside, key by key."""
        for _, of_one in groupby(self._aside, key=lambda row: row.key):
            yield [self._as_delivered(row.fields[1:]) for row in of_one]

    def _key(self, row: Version) -> str | None:
        period = Period(*(row.fields[place] for place in _PERIOD))
        lines = self._points.of(row.key[0], row.fields[_CATEGORY])
        return next((line.receiver_key for line in lines if line.takes(period)), None)


@contextmanager
def whole_keys(points: Points, as_delivered: AsDelivered) -> Iterator[WholeKeys]:
    """Those of some points; what is put aside is gone at the end."""
    with (
        TemporaryDirectory(prefix="meterstream-") as folder,
        closing(SortedRows(Path(folder, "aside"), by_receiver_key)) as aside,
    ):
        yield WholeKeys(points, as_delivered, aside)


def by_receiver_key(fields: Sequence[Any]) -> Version:
    """A row that was put aside: the key, then its fields."""
    return Version((fields[0], "", "", 0), 0, fields)


def _shared_keys(points: Points) -> Mapping[str, set[str]]:
    """Of each metering point that shares a receiver key with another these keys."""
    owners: dict[str, list[Point]] = {}
    for point in points:
        if point.receiver_key:
            owners.setdefault(point.receiver_key, []).append(point)
    shared: dict[str, set[str]] = {}
    for key, lines in owners.items():
        if len({line.metering_point for line in lines}) > 1:
            for line in lines:
                shared.setdefault(line.metering_point, set()).add(key)
    return shared
