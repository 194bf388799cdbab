"""What is to be projected now: the periods of series that a batch touches, or all of some metering points.

They are gathered in tables of the session's own. Every call is within a transaction.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from sinks.batch import Row
from sinks.columns import KEY, SERIES, VIEW
from sinks.database import Database
from sinks.layouts.expressions import same
from sinks.projections.dialects import TABLES

OF_PERIOD = (*SERIES, "granularity", "period_start", "period_end")
"""A period of a series, as ``meter_values`` names it …"""
PLACE = tuple(f"place_{name}" for name in OF_PERIOD)
"""… and as tables of projections do, which hold a layout's columns besides."""

_key = msgspec.json.Decoder(tuple[str, str, str, int]).decode


class Touched:
    """The periods, in a table ``places``; one may stand there several times."""

    def __init__(self, database: Database) -> None:
        """``database``: not yet connected."""
        self._database = database
        self._tables = TABLES[database.dialect]
        self.places, self._keys, self._points = (
            self._tables.scratch(name) for name in ("projecting_places", "projecting_keys", "projecting_points")
        )

    def make(self) -> None:
        """Makes the tables, once in each connection."""
        places = ", ".join(f"v.{name} AS {place}" for name, place in zip(OF_PERIOD, PLACE, strict=True))
        for table, columns in ((self.places, places), (self._keys, _of("v", KEY)), (self._points, "v.metering_point")):
            query = f"SELECT {columns} FROM {VIEW} v WHERE 1 = 0"  # noqa: S608 - our own names
            for statement in self._tables.make_scratch(table, query):
                self._database.execute(statement)

    def take_keys(self, rows: Sequence[Row]) -> None:
        """These rows are about to be written: their periods as they were."""
        self._clear()
        moment = self._database.moment
        self._database.fill(
            self._keys, KEY, [[*key[:3], moment(key[3])] for key in map(_key, (r.identity for r in rows))]
        )
        self.note_periods()

    def note_periods(self) -> None:
        """The periods of these rows as they are now, too."""
        self._note(f"{self._keys} k {self._tables.along} {VIEW} v ON {same('k', 'v', KEY)}")

    def take_points(self, points: Sequence[str]) -> None:
        """All periods of some metering points."""
        self._clear()
        self._database.fill(self._points, ["metering_point"], [[point] for point in points])
        for source in self._sources():
            of_these = "v.source = ? AND v.metering_point = k.metering_point"
            self._note(f"{self._points} k {self._tables.along} {VIEW} v ON {of_these}", [source])

    def add_places(self, table: str) -> None:
        """And those of these metering points that stand in another table with such columns."""
        names = ", ".join(PLACE)
        self._database.execute(
            f"INSERT INTO {self.places} ({names}) SELECT {_of('other', PLACE)} FROM {self._points} k "  # noqa: S608 - our own names
            f"{self._tables.along} {table} other ON other.place_metering_point = k.metering_point"
        )

    def remember_series(self) -> None:
        """Keeps in ``known_series`` which series there are: how other values of a key are found."""
        series = ", ".join(f"p.place_{name} AS {name}" for name in SERIES)
        self._database.execute(
            f"INSERT INTO known_series ({', '.join(SERIES)}) SELECT {_of('p', SERIES)} "  # noqa: S608 - our own names
            f"FROM (SELECT DISTINCT {series} FROM {self.places} p) p "
            f"LEFT JOIN known_series known ON {same('known', 'p', SERIES)} WHERE known.source IS NULL"
        )

    def _clear(self) -> None:
        for table in (self.places, self._keys, self._points):
            self._database.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names

    def _note(self, among: str, parameters: Sequence[str] = ()) -> None:
        self._database.execute(
            f"INSERT INTO {self.places} ({', '.join(PLACE)}) SELECT DISTINCT {_of('v', OF_PERIOD)} FROM {among}",  # noqa: S608 - our own names
            parameters,
        )

    def _sources(self) -> Iterator[str]:
        """They are few: each is looked up in the index behind the one before."""
        ((source,),) = self._database.execute(f"SELECT min(source) FROM {VIEW}")  # noqa: S608 - our own name
        while source is not None:
            yield source
            ((source,),) = self._database.execute(f"SELECT min(source) FROM {VIEW} WHERE source > ?", [source])  # noqa: S608


def _of(table: str, names: Iterable[str]) -> str:
    return ", ".join(f"{table}.{name}" for name in names)
