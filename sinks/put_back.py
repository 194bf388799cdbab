"""Records that an operator asks a receiver's worker to take once more: a table in the receiver's own database.

The command writes requests, the worker takes them between two batches: in one transaction it writes the rows, under
the guard as ever, and removes the requests. So each is taken exactly once, whoever is killed when, and one that is
asked for twice changes nothing. Every call is within a transaction.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from sinks.batch import Row
from sinks.database import Database

AT_ONCE = 500
"""Places in the log whose requests one transaction takes at most."""

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True)
class PutBackRecord:
    """A record of the values topic, kept by its dead letter. A :class:`sinks.batch.Record`."""

    letter_id: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


Judge = Callable[[Sequence[PutBackRecord]], Sequence[Row]]
"""The rows of some records; the dead letters of the others are acknowledged."""


class PutBackRequests:
    """The requests of one receiver and epoch."""

    def __init__(self, database: Database, epoch: str) -> None:
        """``database``: connected, its tables migrated."""
        self._database = database
        self._epoch = epoch

    def ask(self, records: Iterable[PutBackRecord]) -> None:
        """Asks for these; a request that waits already stays as it is."""
        rows = [
            [
                *(self._epoch, record.letter_id, record.partition, record.offset),
                *(record.key, record.value, msgspec.json.encode(record.headers)),
            ]
            for record in {record.letter_id: record for record in records}.values()
        ]
        self._database.change("DELETE FROM put_backs WHERE epoch = ? AND dead_letter_id = ?", [row[:2] for row in rows])
        self._database.change(
            "INSERT INTO put_backs (epoch, dead_letter_id, topic_partition, record_offset, record_key, record_value, "
            "record_headers) VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )

    def waiting(self, topic: str, partitions: Sequence[int]) -> list[PutBackRecord]:
        """What is asked of the worker of these partitions, in the order of the log, up to :data:`AT_ONCE` places."""
        mine = f"epoch = ? AND topic_partition IN ({', '.join('?' for _ in partitions)})"
        places = self._database.execute(
            f"SELECT topic_partition, record_offset FROM put_backs WHERE {mine} ORDER BY 1, 2",  # noqa: S608 - our names
            [self._epoch, *partitions],
        )[:AT_ONCE]
        if not places:
            return []
        columns = "dead_letter_id, topic_partition, record_offset, record_key, record_value, record_headers"
        (partition, offset) = places[-1]
        found = self._database.execute(
            f"SELECT {columns} FROM put_backs WHERE {mine} "  # noqa: S608 - our own names
            "AND (topic_partition < ? OR (topic_partition = ? AND record_offset <= ?)) ORDER BY 2, 3",
            [self._epoch, *partitions, partition, partition, offset],
        )
        return [
            PutBackRecord(letter_id, topic, partition, offset, key, value, msgspec.json.decode(headers, type=Headers))
            for letter_id, partition, offset, key, value, headers in found
        ]

    def taken(self, records: Iterable[PutBackRecord], rows: Iterable[Row]) -> None:
        """Removes requests, and what is noted of those rows that are no longer refused."""
        self._database.change(
            "DELETE FROM put_backs WHERE epoch = ? AND dead_letter_id = ?",
            [[self._epoch, record.letter_id] for record in records],
        )
        self._database.change(
            "DELETE FROM refused_rows WHERE epoch = ? AND topic_partition = ? AND record_offset = ?",
            [[self._epoch, row.record.partition, row.record.offset] for row in rows],
        )
