"""The receiver's side: what its database holds, as of one moment, and how far its worker was then."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from operations.proof.rows import NAMES, Version, read_back, version
from operations.proof.sorted_rows import SortedRows
from runtime.errors import ConfigError
from sinks.batch import Positions
from sinks.columns import VIEW, select
from sinks.database import Database

AT_ONCE = 20_000
"""Rows that are put to the sorted ones at once."""

Wanted = Callable[[list[Any]], bool]
"""Whether a row, given as its fields, is one of those to look at."""


@dataclass(frozen=True)
class Moment:
    """When the rows were read: their epoch, its topic, the worker's positions, and the records the database refuses."""

    epoch: str
    topic_id: str
    positions: Positions
    refused: frozenset[tuple[int, int]]
    schema_version: int


@contextmanager
def opened(database: Database, label: str) -> Iterator[Database]:
    """A receiver's database, connected, within one snapshot.

    Raises:
        Transient: it cannot be used now.
        ConfigError: it holds no receiver's tables, or another's.
    """
    with closing(database):
        database.connect()
        with database.snapshot():
            if not database.has_table("epochs"):
                raise ConfigError(
                    [f"receivers.{label}: there are no tables of a receiver; start its worker, it makes them"]
                )
            owners = [name for (name,) in database.execute("SELECT name FROM receiver")]
            if owners != [label]:
                raise ConfigError([f"receivers.{label}: the tables there belong to receiver {', '.join(owners)}"])
            yield database


def read_rows(database: Database, label: str, into: SortedRows, wanted: Wanted | None = None) -> Moment:
    """What the view shows, and when.

    Raises:
        Transient, ConfigError: see :func:`opened`.
    """
    with opened(database, label) as snapshot:
        moment = _moment(snapshot, label)
        rows = read_back(snapshot.rows(select(VIEW, NAMES)))
        fill(into, map(version, rows if wanted is None else filter(wanted, rows)))
    return moment


def fill(into: SortedRows, versions: Iterable[Version]) -> None:
    """Puts versions to the sorted ones, some at a time."""
    rest = iter(versions)
    while some := list(islice(rest, AT_ONCE)):
        into.add(some)


def _moment(database: Database, label: str) -> Moment:
    execute = database.execute
    live = [row[:2] for row in execute("SELECT epoch, topic_id, live FROM epochs") if row[2]]
    if not live:
        raise ConfigError([f"receivers.{label}: it shows no epoch yet; start its worker"])
    ((epoch, topic_id),) = live
    positions = execute("SELECT topic_partition, next_offset FROM positions WHERE epoch = ?", [epoch])
    refused = execute("SELECT topic_partition, record_offset FROM refused_rows WHERE epoch = ?", [epoch])
    ((schema_version,),) = execute("SELECT max(version) FROM schema_version")
    return Moment(epoch, topic_id, dict(positions), frozenset(refused), schema_version)
