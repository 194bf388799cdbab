"""The receiver's side: what its database holds, as of one moment, and how far its worker was then."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from operations.proof.rows import NAMES, read_back
from operations.proof.sorted_rows import SortedRows
from runtime.errors import ConfigError
from sinks.batch import Positions
from sinks.columns import VIEW, select
from sinks.database import Database

Wanted = Callable[[Sequence[Any]], bool]
"""Whether a row, given as its fields, is one of those to look at."""


@dataclass(frozen=True)
class Moment:
    """When the rows were read.

    Attributes:
        epoch: that the view shows.
        topic_id: of the topic that it was filled from.
        positions: by partition the next offset that the worker reads.
        refused: partition and offset of the records that the database refuses.
        points: the fingerprint of the points that the worker has taken.
        reached: by partition the generation of points up to which all before its position was delivered.
        later: by metering point its generation, where that is one that a partition has not reached.
        layouts: by view the fingerprint of the layout that it was made from.
        schema_version: of the tables.
    """

    epoch: str
    topic_id: str
    positions: Positions
    refused: frozenset[tuple[int, int]]
    points: str
    reached: Mapping[int, int]
    later: Mapping[str, int]
    layouts: Mapping[str, str]
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
            _require_own(database, label)
            yield database


def read_rows(database: Database, label: str, into: SortedRows, wanted: Wanted | None = None) -> Moment:
    """What the view shows, and when.

    Args:
        database: not yet opened.
        label: of the receiver's stage.
        into: takes the rows, as the fields that are compared.
        wanted: which of them; None: all.

    Raises:
        Transient, ConfigError: see :func:`opened`.
    """
    with opened(database, label) as snapshot:
        rows = shown_rows(snapshot)
        into.add(row for row in rows if wanted is None or wanted(row))
        return moment_of(snapshot, label)


def shown_rows(snapshot: Database, names: Sequence[str] = NAMES) -> Iterator[Sequence[Any]]:
    """The rows of the view, each as the fields of these names."""
    return read_back(snapshot.rows(select(VIEW, names)), names)


def _require_own(database: Database, label: str) -> None:
    ((version,),) = database.execute("SELECT max(version) FROM schema_version")
    if version != len(database.migrations):
        raise ConfigError([f"receivers.{label}: its tables are of another release; start its worker of this one"])
    owners = [name for (name,) in database.execute("SELECT name FROM receiver")]
    if owners != [label]:
        raise ConfigError([f"receivers.{label}: the tables there belong to receiver {', '.join(owners)}"])


def moment_of(database: Database, label: str) -> Moment:
    """When a snapshot is.

    Raises:
        ConfigError: it shows nothing yet.
    """
    execute = database.execute
    live = [row[:2] for row in execute("SELECT epoch, topic_id, live FROM epochs") if row[2]]
    if not live:
        raise ConfigError([f"receivers.{label}: it shows no epoch yet; start its worker"])
    ((epoch, topic_id),) = live
    stand = execute("SELECT topic_partition, next_offset, generation FROM positions WHERE epoch = ?", [epoch])
    passes = execute(
        "SELECT topic_partition, after_generation FROM passes WHERE epoch = ? AND next_offset < end_offset", [epoch]
    )
    reached = {partition: generation for partition, _, generation in stand}
    reached |= {partition: min(after, reached[partition]) for partition, after in passes}
    refused = execute("SELECT topic_partition, record_offset FROM refused_rows WHERE epoch = ?", [epoch])
    ((points, layouts),) = execute("SELECT points, layouts FROM receiver")
    return Moment(
        epoch=epoch,
        topic_id=topic_id,
        positions={partition: offset for partition, offset, _ in stand},
        refused=frozenset((partition, offset) for partition, offset in refused),
        points=points,
        reached=reached,
        later=_later(database, min(reached.values(), default=0)),
        layouts=msgspec.json.decode(layouts) if layouts else {},
        schema_version=len(database.migrations),
    )


def _later(database: Database, generation: int) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for point, its in database.execute(
        "SELECT metering_point, generation FROM points WHERE generation > ?", [generation]
    ):
        found[point] = max(its, found.get(point, 0))
    return found
