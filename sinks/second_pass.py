"""Values that are read again beside the live feed: for points that were mapped later, or since an operator asked."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from sinks.batch import Batch, Positions
from sinks.decoding import Decoder
from sinks.points.points import Points
from sinks.road import Road, Values
from sinks.watch import Watch
from sinks.writer import Again, Pass, Written

log = logging.getLogger(__name__)

QUIET = 1.0
"""Seconds between two writes that only move on."""

Write = Callable[[Batch, bool], Written | None]
"""Writes a batch (with rows of the same version, where true), however long it takes."""


class SecondPass:
    """Reads some partitions from an earlier place up to where the live feed was then. Turn by turn."""

    def __init__(self, road: Road, watch: Watch, decoder: Callable[[Points], Decoder]) -> None:
        """Reads nothing before there is a reason to."""
        self._road = road
        self._watch = watch
        self._make_decoder = decoder
        self._values: Values | None = None
        self._decoder: Decoder | None = None
        self._passes: Mapping[int, Pass] = {}
        self._written_at = 0.0

    @property
    def under_way(self) -> bool:
        """Whether there is more to read."""
        return bool(self._passes)

    def begin(self, again: Again) -> None:
        """This is to be read now, and nothing else; what is under way goes on where it is the same.

        Raises:
            Transient: the cluster cannot be reached; nothing has begun.
            PositionError: a place is no longer in the log.
        """
        if again.passes == self._passes:
            return
        self.close()
        if not again.passes:
            return
        self._decoder = self._make_decoder(again.points)
        self._values = self._road.again()
        self._values.connect()
        self._read(again.passes)
        log.info("reading again", extra={"partitions": len(again.passes), "records": self._left()})

    def _read(self, passes: Mapping[int, Pass]) -> None:
        if self._values is not None:
            self._values.begin({number: one.next_offset for number, one in passes.items()})
        self._passes = passes

    def turn(self, write: Write) -> None:
        """Reads what is there, and writes what of it is for the receiver.

        Raises:
            Stopped: the process is to stop.
            Superseded: another worker, or an operator, has moved what is read again.
        """
        until_done, passes = self._watch.patience.until_done, self._passes
        values, decoder = self._values, self._decoder
        if values is None or decoder is None:
            return
        fetched = until_done(values.fetch)
        records = [record for record in fetched.records if record.offset < passes[record.partition].end_offset]
        decoded = until_done(lambda: decoder.decode(records))
        until_done(lambda: self._road.letters.send(decoded.letters))
        before = {number: one.next_offset for number, one in passes.items()}
        after = {number: min(fetched.positions[number], one.end_offset) for number, one in passes.items()}
        ends = any(after[number] == one.end_offset for number, one in passes.items())
        if decoded.rows or ends or self._watch.clock() - self._written_at >= QUIET:
            written = write(Batch(decoded.rows, before, after), any(one.rewrite for one in passes.values()))
            self._watch.meters.written_again(written)
            self._written_at = self._watch.clock()
            until_done(lambda: self._move_on(after))
        self._watch.meters.left.set(self._left())

    def _left(self) -> int:
        return sum(one.end_offset - one.next_offset for one in self._passes.values())

    def _move_on(self, after: Positions) -> None:
        """What stood at the end of its pass is read no more."""
        moved = {number: replace(one, next_offset=after[number]) for number, one in self._passes.items()}
        left = {number: one for number, one in moved.items() if one.next_offset < one.end_offset}
        if not left:
            self.close()
            log.info("all is read again")
        elif len(left) < len(moved):
            self._read(left)
        else:
            self._passes = left

    def close(self) -> None:
        """Ends it, where it stands."""
        values, self._values, self._passes = self._values, None, {}
        if values is not None:
            values.close()
