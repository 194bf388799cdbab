"""MariaDB commits whatever makes a table or a view: a worker that dies between two statements leaves no riddle."""

from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest

from local.mariadb import MariaDBServer
from runtime.errors import Transient
from sinks.database import Database
from sinks.mariadb.database import MariaDB
from sinks.sql_writer import SqlWriter
from sinks.upkeep import Upkeep
from sinks.writer import Opened, Receiver, Topic
from tests.receiver_databases import TIMEOUT, MariaDBReceiver
from tests.sink_rows import value
from tests.sink_writing import START, TOPIC, positions, shown, write

pytestmark = pytest.mark.services


class Died(Exception):
    """The process is gone; so is its connection."""


class Mortal(MariaDB):
    """Dies before a statement of a number, counted from 0; or behind each that commits by itself, the first time."""

    left: int | None = None
    died_of: set[str] | None = None

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self._age()
        found = super().execute(statement, parameters)
        if self.died_of is not None and statement.startswith(("CREATE", "ALTER")) and statement not in self.died_of:
            self.died_of.add(statement)
            self.left = 0
            self._age()
        return found

    def change(self, statement: str, parameters: Sequence[Sequence[Any]]) -> int:
        self._age()
        return super().change(statement, parameters)

    def _age(self) -> None:
        if self.left == 0:
            self.close()
            raise Died
        if self.left is not None:
            self.left -= 1


@pytest.fixture
def there(mariadb: MariaDBServer, unique: str) -> MariaDBReceiver:
    return MariaDBReceiver.on(mariadb, unique)


@pytest.fixture
def mortal(there: MariaDBReceiver) -> Mortal:
    return Mortal("vitec", there.server.dsn(there.name), TIMEOUT)


def writing(database: Database, epoch: str = "1") -> SqlWriter:
    return SqlWriter(database, Receiver("vitec", epoch))


def topic(epoch: int) -> Topic:
    return Topic(f"meterstream.{epoch}.values", f"id-{epoch}", 2)


def test_whoever_dies_behind_each_statement_that_commits_gets_through(there: MariaDBReceiver, mortal: Mortal) -> None:
    """Each life makes one table, column or view, and ends; the next one goes on."""
    mortal.died_of = died_of = set[str]()
    opened = None
    while opened is None:
        try:
            opened = writing(mortal).open(TOPIC, [0, 1])
        except Died:
            mortal.left = None
    assert len(died_of) > len(mortal.migrations) + 3
    assert opened == Opened(START, live=True)
    versions = [version for (version,) in there.run("SELECT version FROM schema_version ORDER BY 1")]
    assert versions == [*range(1, len(mortal.migrations) + 1)]
    after = writing(there.database())
    after.open(TOPIC, [0, 1])
    write(after, value(1))
    after.close()
    assert shown(there, "sequence") == [(1,)]


def test_a_switch_that_was_cut_off_is_finished_or_taken_back(there: MariaDBReceiver, mortal: Mortal) -> None:
    """Wherever. The view is there all the time; what the next worker that is started shows is what it says is live."""
    for number in count():
        before, after = number + 1, number + 2
        old, new = writing(there.database(), str(before)), writing(mortal, str(after))
        if not old.open(topic(before), [0, 1]).positions[0]:
            write(old, value(before))
        new.open(topic(after), [0, 1])
        write(new, value(after))
        mortal.left = number
        try:
            new.turn_view()
        except Died:
            mortal.left = None
        else:
            break
        assert shown(there, "sequence") in ([(before,)], [(after,)])
        live = old.open(topic(before), [0, 1]).live
        assert shown(there, "sequence") == [(before if live else after,)]
        old.close()
        assert new.open(topic(after), [0, 1]).live != live
        assert new.turn_view()
        assert shown(there, "sequence") == [(after,)]
        assert there.run("SELECT epoch FROM epochs WHERE live") == [(str(after),)]
        new.close()
    assert number > 5
    old.close()
    new.close()


def test_an_empty_table_never_stands_beside_positions_behind_rows(there: MariaDBReceiver, mortal: Mortal) -> None:
    """Wherever a refill is cut off: rows that only the old table had would be missing for ever."""
    for number in count():
        worker = writing(there.database())
        at = worker.open(TOPIC, [0, 1]).positions[0]
        write(worker, value(number), before=at)
        worker.close()
        there.run("DROP TABLE meter_values_e1")
        mortal.left = number
        try:
            Upkeep(mortal, "vitec", "1").refill()
        except Died:
            mortal.left = None
        else:
            break
        try:
            assert writing(there.database()).open(TOPIC, [0, 1]).positions == START
        except Transient as error:
            assert "meter_values_e1 is gone" in str(error)
        Upkeep(there.database(), "vitec", "1").refill()
        assert positions(there) == START
        assert shown(there, "sequence") == []
    assert number > 5
    assert positions(there) == START
