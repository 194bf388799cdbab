"""What the contract tests of writers share: a writer on each database, and what stands there afterwards."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from schemas.events import MeterValue
from sinks.batch import Batch, Refused
from sinks.sql_writer import SqlWriter
from sinks.writer import Receiver, Topic, Written
from tests.receiver_databases import (
    FilesReceiver,
    MariaDBReceiver,
    PostgreSQLReceiver,
    ReceiverDatabase,
    SQLiteReceiver,
    SQLServerReceiver,
)
from tests.sink_rows import AT, row

TOPIC = Topic("meterstream.1.values", "topic-id", 2)
START = {0: 0, 1: 0}


REAL_SQLSERVER = os.environ.get("METERSTREAM_SQLSERVER_DSN")
"""A database on a real SQL Server in which schemas may be made; none comes with the packages that the tests install."""
KINDS = [
    "sqlite",
    "files",
    pytest.param("postgresql", marks=pytest.mark.services),
    pytest.param("mariadb", marks=pytest.mark.services),
    pytest.param("sqlserver-stand-in", marks=pytest.mark.services),
    *([pytest.param("sqlserver", marks=pytest.mark.sqlserver)] if REAL_SQLSERVER else []),
]


@pytest.fixture(params=KINDS)
def there(request: pytest.FixtureRequest, tmp_path: Path, unique: str) -> ReceiverDatabase:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return SQLiteReceiver(tmp_path / "receiver.sqlite")
    if request.param == "files":
        return FilesReceiver.of(tmp_path)
    if request.param == "sqlserver" and REAL_SQLSERVER:
        return SQLServerReceiver(REAL_SQLSERVER, unique)
    if request.param == "sqlserver-stand-in":
        return SQLServerReceiver(request.getfixturevalue("sqlserver_stand_in").dsn, unique)
    if request.param == "mariadb":
        return MariaDBReceiver.on(request.getfixturevalue("mariadb"), unique)
    return PostgreSQLReceiver.on(request.getfixturevalue("postgres"), unique)


Writing = Callable[..., SqlWriter]


@pytest.fixture
def writing(there: ReceiverDatabase, request: pytest.FixtureRequest) -> Writing:
    """Makes workers' writers; closed at the end."""

    def make(epoch: str = "1", name: str = "vitec", waits: bool = False) -> SqlWriter:
        writer = SqlWriter(there.database(), Receiver(name, epoch, waits), now=lambda: AT)
        request.addfinalizer(writer.close)
        return writer

    return make


def no_refusals(refused: Sequence[Refused]) -> list[str]:
    raise AssertionError(f"refused: {[bad.reason for bad in refused]}")


def write(writer: SqlWriter, *values: MeterValue, before: int = 0, after: int | None = None) -> Written:
    """Writes values as one batch of partition 0."""
    end = before + len(values) if after is None else after
    return writer.write(
        Batch([row(each, forms=writer.forms) for each in values], {0: before, 1: 0}, {0: end, 1: 0}), no_refusals
    )


def shown(there: ReceiverDatabase, *columns: str) -> list[tuple[Any, ...]]:
    """What the view shows, sorted."""
    named = ", ".join(f"meter_values.{column}" for column in columns)  # so that `change` is a name everywhere
    return sorted(there.run(f"SELECT {named} FROM meter_values"))


def positions(there: ReceiverDatabase, epoch: str = "1") -> dict[int, int]:
    found = there.run(f"SELECT topic_partition, next_offset FROM positions WHERE epoch = '{epoch}'")
    return dict(found)
