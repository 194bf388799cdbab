"""Session fixtures: a real Kafka, PostgreSQL and MariaDB, each started when the first test asks for them.

With pytest-xdist each worker has its own. Tests keep apart by names that begin with `unique`.
"""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from local.cluster import Cluster, existing_cluster
from local.kafka import KafkaBroker
from local.mariadb import MariaDBServer, program
from local.postgres import PostgresServer
from local.process import ServiceError
from tests.tds_stand_in import TdsStandIn

QUICK = {"innodb-flush-log-at-trx-commit": "2", "innodb-flush-method": "nosync", "debug-no-sync": "ON"}
"""A MariaDB whose rows outlive its crash, not the machine's."""


@pytest.fixture(scope="session")
def kafka() -> Iterator[Cluster]:
    """A running cluster: the one that KAFKA_BOOTSTRAP_SERVERS names, else a broker of our own."""
    existing = existing_cluster()
    if existing:
        yield existing
        return
    temporary = tempfile.TemporaryDirectory(prefix="meterstream-kafka-")
    with temporary as directory, KafkaBroker(Path(directory)) as broker:
        yield broker


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running PostgreSQL server with no database of ours yet."""
    # Not in pytest's own directory: pytest closes that to other users, and as root PostgreSQL runs as another.
    temporary = tempfile.TemporaryDirectory(prefix="meterstream-postgres-")
    with temporary as directory, PostgresServer(Path(directory)) as server:
        yield server


@pytest.fixture(scope="session")
def sqlserver_stand_in(postgres: PostgresServer) -> Iterator[TdsStandIn]:
    """What stands in for a SQL Server, before that PostgreSQL."""
    with closing(TdsStandIn(postgres.dsn())) as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDBServer]:
    """A running MariaDB server with no database of ours yet; it is the one service that no Python package brings."""
    try:
        program()
    except ServiceError as error:
        pytest.skip(str(error))
    temporary = tempfile.TemporaryDirectory(prefix="meterstream-mariadb-")
    with temporary as directory, MariaDBServer(Path(directory), settings=QUICK) as server:
        yield server


@pytest.fixture
def unique() -> str:
    """A prefix that no other test has: for topics, groups, transactional ids, databases."""
    return f"t{secrets.token_hex(4)}"
