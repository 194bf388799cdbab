"""The way to a receiver's database breaks: answers are lost, or it falls silent. Nothing is doubled, nobody hangs."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from local.cluster import Cluster
from local.network import Network
from local.postgres import PostgresServer
from local.proxy import Trouble
from local.wire import PostgresWire
from runtime.errors import Transient
from sinks.postgresql.database import Address, PostgreSQL
from tests.receiver_databases import PostgreSQLReceiver
from tests.sink_rows import value
from tests.sink_system import SinkSystem, until

pytestmark = pytest.mark.services

WAY = "database"
TIMEOUT = 1.0


@dataclass(frozen=True)
class Distant(PostgreSQLReceiver):
    """A receiver whose worker goes through a proxy; tests look at it directly."""

    port: int = 0

    def settings(self) -> Sequence[str]:
        return (
            'database = "postgresql"',
            f'dsn = "{make_conninfo(self.dsn, port=self.port)}"',
            f'database_schema = "{self.schema}"',
            f"timeout = {TIMEOUT}",
        )

    def session(self, port: int) -> PostgreSQL:
        """A worker's connection, not yet opened."""
        dsn = make_conninfo(self.dsn, port=port)
        return PostgreSQL(Address("vitec", dsn, self.schema, TIMEOUT))


@pytest.fixture
def network() -> Iterator[Network]:
    with Network() as network:
        yield network


@pytest.fixture
def there(network: Network, postgres: PostgresServer, unique: str) -> Distant:
    return Distant(postgres.dsn(), unique, network.add(WAY, postgres.port, PostgresWire))


@pytest.fixture
def system(kafka: Cluster, there: Distant, unique: str, tmp_path: Path) -> Iterator[SinkSystem]:
    system = SinkSystem(kafka.bootstrap_servers, unique, tmp_path, there)
    yield system
    system.close()


COMMITTED = "the last transaction was committed although its answer was lost"


def test_a_commit_whose_answer_is_lost_is_not_made_again(system: SinkSystem, network: Network) -> None:
    worker = system.start()
    system.publish([value(1, reading_at=1)])
    until(lambda: system.delivered([1]))
    end = 2
    for _ in range(5):  # the lost one may be that of a look for put-backs
        begin, end = end, end + 100
        with network.troubled([WAY], Trouble(unanswered=("COMMIT",))) as lost:
            system.publish([value(sequence, reading_at=sequence) for sequence in range(begin, end)])
            until(lambda: lost.count)
            until(lambda: not worker.ready())
        until(partial(system.delivered, range(1, end)))
        until(worker.ready)
        if COMMITTED in worker.log:
            break
    assert COMMITTED in worker.log
    assert worker.metric("rows_superseded_total") == 0, "nothing was written a second time"


def test_a_silent_database_is_waited_for_out_loud(system: SinkSystem, network: Network) -> None:
    worker = system.start()
    system.publish([value(1, reading_at=1)])
    until(lambda: system.delivered([1]))
    until(worker.ready)
    with network.troubled([WAY], Trouble(silent=True)):
        system.publish([value(2, reading_at=2)])
        until(lambda: not worker.ready())
        assert "NoAnswer" in worker.log
    until(lambda: system.delivered([1, 2]))
    until(worker.ready)


def test_a_worker_that_hears_nothing_gives_up_its_locks_on_the_server_too(
    network: Network, postgres: PostgresServer, there: Distant
) -> None:
    """Its session stands in the middle of a transaction; another one must not wait behind it for ever."""
    ours, theirs = there.session(there.port), there.session(postgres.port)
    ours.connect()
    ours.execute("CREATE TABLE held (number integer)")
    ours.execute("INSERT INTO held VALUES (1)")
    with ExitStack() as silence:
        with pytest.raises(Transient, match="NoAnswer"), ours.transaction():
            ours.execute("UPDATE held SET number = 2")
            silence.enter_context(network.troubled([WAY], Trouble(silent=True)))
            ours.execute("SELECT 1")
        until(lambda: updates(theirs))
        assert there.run("SELECT number FROM held") == [(3,)]
    theirs.close()


def updates(session: PostgreSQL) -> bool:
    """Whether the row can be had now."""
    try:
        session.connect()
        with session.transaction():
            session.execute("UPDATE held SET number = 3")
    except Transient:
        return False
    return True


def test_connecting_to_a_silent_database_ends_too(network: Network, there: Distant) -> None:
    with network.troubled([WAY], Trouble(silent=True)):
        dsn = make_conninfo(there.dsn, port=there.port, connect_timeout=2)
        with pytest.raises(Transient, match="timeout"):
            PostgreSQL(Address("vitec", dsn, there.schema, TIMEOUT)).connect()
