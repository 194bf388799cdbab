"""The writer of a receiver of files: a drop that is due is made before anything else is done."""

from collections.abc import Callable, Sequence

from sinks.batch import Batch, Positions
from sinks.files.drops import Drops
from sinks.points.points import Points
from sinks.put_back import Judge
from sinks.sql_writer import SqlWriter
from sinks.writer import Again, Opened, Refuse, Standing, Topic, Written


class FilesWriter:
    """A :class:`sinks.writer.Writer`. The worker calls it every few seconds, also while nothing comes."""

    def __init__(self, rows: SqlWriter, drops: Drops, made: Callable[[], object] = lambda: None) -> None:
        """``rows``: writes the rows from which the drops are made; ``made``: is called after each."""
        self.forms = rows.forms
        self._rows = rows
        self._drops = drops
        self._made = made

    def open(self, topic: Topic, partitions: Sequence[int]) -> Opened:
        """See :class:`sinks.writer.Writer`."""
        return self._rows.open(topic, partitions)

    def take_points(self, points: Points) -> Again:
        """See :class:`sinks.writer.Writer`."""
        self._make_due()
        return self._rows.take_points(points)

    def look(self) -> Positions:
        """See :class:`sinks.writer.Writer`."""
        self._make_due()
        return self._rows.look()

    def write(self, batch: Batch, refuse: Refuse) -> Written:
        """See :class:`sinks.writer.Writer`."""
        self._make_due()
        return self._rows.write(batch, refuse)

    def put_back(self, judge: Judge, refuse: Refuse) -> Written | None:
        """See :class:`sinks.writer.Writer`."""
        self._make_due()
        return self._rows.put_back(judge, refuse)

    def write_again(self, batch: Batch, rewrite: bool, refuse: Refuse) -> Written | None:
        """See :class:`sinks.writer.Writer`."""
        self._make_due()
        return self._rows.write_again(batch, rewrite, refuse)

    def standing(self) -> Standing:
        """See :class:`sinks.writer.Writer`. While persons hold the receiver, it is given no drop."""
        return self._rows.standing()

    def turn_view(self) -> bool:
        """See :class:`sinks.writer.Writer`."""
        self._make_due()
        return self._rows.turn_view()

    def close(self) -> None:
        """See :class:`sinks.writer.Writer`."""
        self._rows.close()

    def _make_due(self) -> None:
        if self._drops.make_due(self._rows.own):
            self._made()
