"""The writer of a receiver whose layouts are projected: what is still to be projected goes on between its calls."""

import time
from collections.abc import Callable, Sequence

from sinks.batch import Batch, Positions
from sinks.points.points import Points
from sinks.put_back import Judge
from sinks.sql_writer import SqlWriter
from sinks.writer import Again, Opened, Refuse, Standing, Topic, Written

BESIDE = 0.3
"""Seconds of projecting before a batch is written: about as long as a batch takes."""
ALONE = 2.0
"""The same while nothing comes."""
PIECE = 1.0
"""Seconds that one transaction may take; half of that, and the next one is given more."""


class ProjectingWriter:
    """A :class:`sinks.writer.Writer`. The worker calls it every few seconds, also while nothing comes."""

    def __init__(self, rows: SqlWriter, clock: Callable[[], float] = time.monotonic) -> None:
        """``rows``: writes the rows, and projects what they touch."""
        self.forms = rows.forms
        self._rows = rows
        self._clock = clock

    @property
    def waiting(self) -> int:
        """Metering points that are still to be projected."""
        return self._rows.projections.waiting

    def open(self, topic: Topic, partitions: Sequence[int]) -> Opened:
        """See :class:`sinks.writer.Writer`."""
        return self._rows.open(topic, partitions)

    def take_points(self, points: Points) -> Again:
        """See :class:`sinks.writer.Writer`."""
        return self._rows.take_points(points)

    def look(self) -> Positions:
        """See :class:`sinks.writer.Writer`."""
        self._go_on(ALONE)
        return self._rows.look()

    def write(self, batch: Batch, refuse: Refuse) -> Written:
        """See :class:`sinks.writer.Writer`."""
        self._go_on(BESIDE)
        return self._rows.write(batch, refuse)

    def put_back(self, judge: Judge, refuse: Refuse) -> Written | None:
        """See :class:`sinks.writer.Writer`."""
        return self._rows.put_back(judge, refuse)

    def write_again(self, batch: Batch, rewrite: bool, refuse: Refuse) -> Written | None:
        """See :class:`sinks.writer.Writer`."""
        return self._rows.write_again(batch, rewrite, refuse)

    def standing(self) -> Standing:
        """See :class:`sinks.writer.Writer`. While persons hold the receiver, its tables stay as they are."""
        standing = self._rows.standing()
        if standing.state == "live":
            with self._rows.own():
                self._rows.projections.look()
            self._go_on(ALONE)
        return standing

    def turn_view(self) -> bool:
        """See :class:`sinks.writer.Writer`."""
        return self._rows.turn_view()

    def close(self) -> None:
        """See :class:`sinks.writer.Writer`."""
        self._rows.close()

    def _go_on(self, seconds: float) -> None:
        """At least one piece, where there is any; each in a transaction of its own."""
        projections, began = self._rows.projections, self._clock()
        while projections.waiting and (begin := self._clock()) - began < seconds:
            with self._rows.own():
                taken = projections.go_on()
            took = self._clock() - begin
            if taken:
                projections.resize(2.0 if took < PIECE / 2 else min(1.0, PIECE / took))
