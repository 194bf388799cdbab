"""A receiver's points as its database has them: layouts join them, and they tell what a changed file adds.

All calls are within a transaction.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sinks.database import Database
from sinks.points.points import Point, Points

_KEY = ("metering_point", "delivery_category", "granularity", "valid_from")
_OTHERS = ("valid_to", "receiver_key", "kind", "facility_id", "generation")


class Taken(NamedTuple):
    """The generation now; and the metering points of which layouts show something else than before, or may do so."""

    generation: int
    moved: frozenset[str]


class PointTable:
    """The table ``points``. Its generation rises with each change that adds values."""

    def __init__(self, database: Database) -> None:
        """``database``: connected, its tables migrated."""
        self._database = database

    def take(self, points: Points) -> "Taken":
        """Makes the table say what the points are.

        A point that is new, or takes more values than it did, belongs to a new generation.
        """
        ((known, generation),) = self._database.execute("SELECT points, generation FROM receiver")
        if known == points.fingerprint:
            return Taken(int(generation), frozenset())
        self._database.lock_tables()
        before, now = self._stored(), {point.matched: point for point in points}
        changed = {key: point for key, point in now.items() if before.get(key, (None, 0))[0] != point}
        wider = {key for key, point in changed.items() if key not in before or point.valid_to > before[key][0].valid_to}
        generation += 1 if wider else 0
        self._delete([*(before.keys() - now.keys()), *(before.keys() & changed.keys())])
        self._insert((point, generation if key in wider else before[key][1]) for key, point in changed.items())
        self._database.execute("UPDATE receiver SET points = ?, generation = ?", [points.fingerprint, generation])
        gone = [point for key, (point, _) in before.items() if key not in now or key in changed]
        return Taken(int(generation), _moved([*gone, *changed.values()], [*gone, *now.values()]))

    def points(self) -> Points:
        """All of them."""
        return Points(point for point, _ in self._stored().values())

    def since(self, points: Points, generation: int) -> Points:
        """Those of the points that belong to a later generation."""
        later = {key for key, (_, known) in self._stored().items() if known > generation}
        return Points(point for point in points if point.matched in later)

    def generation(self) -> int:
        """The generation now."""
        ((generation,),) = self._database.execute("SELECT generation FROM receiver")
        return int(generation)

    def _stored(self) -> Mapping[tuple[str, str, str, int], tuple[Point, int]]:
        found = self._database.execute(f"SELECT {', '.join((*_KEY, *_OTHERS))} FROM points")  # noqa: S608 - our names
        instant = self._database.instant
        points = (
            (Point(point, category, granularity, instant(begin), instant(end), key, kind, facility), generation)
            for point, category, granularity, begin, end, key, kind, facility, generation in found
        )
        return {point.matched: (point, generation) for point, generation in points}

    def _delete(self, keys: Iterable[tuple[str, str, str, int]]) -> None:
        where = " AND ".join(f"{name} = ?" for name in _KEY)
        self._database.change(
            f"DELETE FROM points WHERE {where}",  # noqa: S608 - our own names
            [[*key[:3], self._database.moment(key[3])] for key in keys],
        )

    def _insert(self, points: Iterable[tuple[Point, int]]) -> None:
        names = (*_KEY, *_OTHERS)
        moment = self._database.moment
        self._database.change(
            f"INSERT INTO points ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})",  # noqa: S608 - our names
            [
                [
                    *(one.metering_point, one.category, one.granularity, moment(one.valid_from)),
                    *(moment(one.valid_to), one.receiver_key, one.kind, one.facility_id, generation),
                ]
                for one, generation in points
            ],
        )


def _moved(changed: Iterable[Point], every: Iterable[Point]) -> frozenset[str]:
    """The metering points of changed lines, and of all that have or had a receiver key of theirs."""
    changed = list(changed)
    points, keys = {one.metering_point for one in changed}, {one.receiver_key for one in changed if one.receiver_key}
    return frozenset(points | {one.metering_point for one in every if one.receiver_key in keys})
