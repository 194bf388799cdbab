"""Brings a customer's table up to date for the periods that are touched.

Set by set, never row by row:

    values    all values of these periods, and of the others of their receiver keys
    shown     what the layout shows of them
    gone      what stands in the ledger for these periods, and is no longer shown so
    ledger    loses what is gone, and gets what is new; two rows under the same match columns are refused here
    table     loses what is gone, but where something else is shown under the same match columns; what is there is
              replaced, what is missing is inserted

What the ledger does not name, and no row of the layout matches, is the customer's own and stays as it is.
"""

from collections.abc import Iterator, Sequence

from sinks.columns import KEY, SERIES, VIEW
from sinks.database import Database
from sinks.layouts.expressions import of_point, same
from sinks.layouts.statements import shown_among
from sinks.projections.dialects import TABLES
from sinks.projections.projection import Projection
from sinks.projections.touched import OF_PERIOD, PLACE

_PERIOD = OF_PERIOD[3:]
# A reading lies within its period, the ends included, whatever its date names.
_IN_PERIOD = (
    "v.reading_at BETWEEN p.period_start AND p.period_end AND v.granularity = p.granularity "
    "AND v.period_start = p.period_start AND v.period_end = p.period_end"
)


class Projector:
    """Of one projection. Every call is within a transaction."""

    def __init__(self, database: Database, projection: Projection, places: str, number: int) -> None:
        """``places``: the table of what is touched. ``number``: of the projection among the receiver's."""
        self.projection = projection
        self._database = database
        self._sql = TABLES[database.dialect]
        self._table = self._sql.table(projection.table)
        self._places = places
        self._values, self._shown, self._gone = (
            self._sql.scratch(f"projecting_{name}_{number}") for name in ("values", "shown", "gone")
        )
        self._cells = [f"cell_{place}" for place in range(len(projection.layout.columns))]
        self._match = [self._cells[place] for place in projection.places]
        self._statements = list(self._steps())

    def make(self) -> None:
        """Makes the ledger where it is missing, and the session's own tables. Their columns are as the customer's."""
        execute, ledger = self._database.execute, self.projection.ledger
        if not self._database.has_table(ledger):
            for statement in self._sql.make_ledger(ledger, self._like(self.projection.places), self._match, _FOUND_BY):
                execute(statement)
        every = range(len(self._cells))
        keys = f"SELECT {_of('v', KEY)} FROM {VIEW} v WHERE 1 = 0"  # noqa: S608 - our own names
        for statement in (
            *self._sql.make_scratch(self._values, keys),
            *self._sql.make_scratch(self._shown, self._like(every), self._match),
            *self._sql.make_scratch(self._gone, self._like(self.projection.places)),
        ):
            execute(statement)

    def run(self) -> None:
        """Projects what is touched."""
        for statement in self._statements:
            self._database.execute(statement)

    def _like(self, places: Sequence[int]) -> str:
        """Gives no rows, with the columns of a period and some of the customer's."""
        names = self.projection.layout.columns
        columns = [f"v.{name} AS {place}" for name, place in zip(OF_PERIOD, PLACE, strict=True)]
        columns += [f"own.{self._sql.quoted(names[place])} AS {self._cells[place]}" for place in places]
        return f"SELECT {', '.join(columns)} FROM {VIEW} v CROSS JOIN {self._table} own WHERE 1 = 0"  # noqa: S608 - quoted names

    def _steps(self) -> Iterator[str]:
        ledger = self.projection.ledger
        yield from self._sql.in_order
        yield from (f"DELETE FROM {table}" for table in (self._values, self._shown, self._gone))  # noqa: S608
        yield self._fill_values()
        if self.projection.layout.keyed:
            yield self._widen_places()
        yield self._show()
        yield self._find_gone()
        yield self._sql.delete(ledger, self._gone, [(self._sql.own(ledger, name), f"other.{name}") for name in PLACE])
        yield self._note_shown()
        yield self._sql.delete(self._table, self._left(), self._pairs("other"))
        yield self._sql.update(self._table, self._shown, self._pairs("shown"), self._assigned())
        yield self._insert()

    def _fill_values(self) -> str:
        along = self._sql.along
        periods = ", ".join(f"{place} AS {name}" for name, place in zip(OF_PERIOD, PLACE, strict=True))
        touched = f"(SELECT DISTINCT {periods} FROM {self._places}) p"  # noqa: S608 - our own names
        if self.projection.layout.keyed:
            among = (
                f"{touched} {along} points one ON {of_point('p', 'one')} "
                f"{along} points line ON line.receiver_key = one.receiver_key "
                f"{along} known_series s ON s.metering_point = line.metering_point "
                f"AND line.delivery_category IN ('', s.delivery_category) "
                f"{along} {VIEW} v ON {same('v', 's', SERIES)} AND {_IN_PERIOD} AND {of_point('v', 'line')}"
            )
        else:
            among = f"{touched} {along} {VIEW} v ON {same('v', 'p', SERIES)} AND {_IN_PERIOD}"
        return f"INSERT INTO {self._values} ({', '.join(KEY)}) SELECT DISTINCT {_of('v', KEY)} FROM {among}"  # noqa: S608

    def _widen_places(self) -> str:
        """The others of a key are judged anew with it."""
        return (
            f"INSERT INTO {self._places} ({', '.join(PLACE)}) SELECT DISTINCT {_of('v', OF_PERIOD)} "  # noqa: S608
            f"FROM {self._values} k {self._sql.along} {VIEW} v ON {same('k', 'v', KEY)}"
        )

    def _show(self) -> str:
        among = f"{self._values} among {self._sql.along}"
        steps, query = shown_among(self.projection.layout, self._database.dialect, among)
        return self._sql.insert(self._shown, [*PLACE, *self._cells], steps, query)

    def _find_gone(self) -> str:
        names = [*PLACE, *self._match]
        along = self._sql.along
        return (
            f"INSERT INTO {self._gone} ({', '.join(names)}) SELECT {_of('noted', names)} "  # noqa: S608
            f"FROM (SELECT DISTINCT {', '.join(PLACE)} FROM {self._places}) p "
            f"{along} {self.projection.ledger} noted ON {same('noted', 'p', PLACE)} "
            f"LEFT JOIN {self._shown} shown ON {same('shown', 'noted', names)} WHERE shown.place_source IS NULL"
        )

    def _note_shown(self) -> str:
        names = [*PLACE, *self._match]
        ledger = self.projection.ledger
        return (
            f"INSERT INTO {ledger} ({', '.join(names)}) SELECT {_of('shown', names)} FROM {self._shown} shown "  # noqa: S608
            f"LEFT JOIN {ledger} noted ON {same('noted', 'shown', PLACE)} WHERE noted.place_source IS NULL"
        )

    def _left(self) -> str:
        """What is gone, and nothing else has come in its place."""
        names = ", ".join(f"gone.{cell} AS {cell}" for cell in self._match)
        return (
            f"(SELECT {names} FROM {self._gone} gone LEFT JOIN {self._shown} shown "  # noqa: S608
            f"ON {same('shown', 'gone', self._match)} WHERE shown.place_source IS NULL)"
        )

    def _insert(self) -> str:
        names = [self._sql.quoted(name) for name in self.projection.layout.columns]
        there = " AND ".join(f"own.{names[place]} = shown.{self._cells[place]}" for place in self.projection.places)
        return (
            f"INSERT INTO {self._table} ({', '.join(names)}) SELECT {_of('shown', self._cells)} "  # noqa: S608
            f"FROM {self._shown} shown WHERE NOT EXISTS (SELECT 1 FROM {self._table} own WHERE {there})"
        )

    def _pairs(self, other: str) -> list[tuple[str, str]]:
        """The match columns of the customer's table, and of one of the session's."""
        names = self.projection.match
        return [
            (self._sql.own(self._table, name), f"{other}.{cell}") for name, cell in zip(names, self._match, strict=True)
        ]

    def _assigned(self) -> list[tuple[str, str]]:
        """The other columns, and what they are to say."""
        names = zip(self.projection.layout.columns, self._cells, strict=True)
        return [(self._sql.quoted(name), f"shown.{cell}") for name, cell in names if name not in self.projection.match]


_FOUND_BY = [f"place_{name}" for name in ("metering_point", "source", "delivery_category", "period_start")]


def _of(table: str, names: Sequence[str]) -> str:
    return ", ".join(f"{table}.{name}" for name in names)
