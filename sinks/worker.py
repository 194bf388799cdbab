"""The worker: from the values topic into one receiver's database. The main path, on one screen."""

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import TypeVar

from runtime.errors import ConfigError, Transient
from sinks.aside import Aside
from sinks.batch import Batch, Positions, Record, Row
from sinks.decoding import Decoded, Decoder
from sinks.deliveries import Around, Deliveries
from sinks.hand import Hand
from sinks.patience import Stopped
from sinks.points.points import Points
from sinks.road import Road
from sinks.second_pass import SecondPass
from sinks.watch import Watch
from sinks.writer import Again, State, Topic, Written

log = logging.getLogger(__name__)

T = TypeVar("T")

QUIET = 1.0
"""Seconds between two looks at the lag while nothing comes, and between two writes that move positions only."""

PROBE = 3.0
"""Seconds between two looks at the database while nothing is delivered; and for what persons ask for."""
HELD: dict[State, str] = {
    "waiting": "waits for: meterstream receivers go-live",
    "paused": "is paused; meterstream receivers resume has it go on",
    "retired": "is retired: it is given nothing any more",
}
SWITCH = 5.0
"""Seconds at least between two looks whether a new epoch is whole; and :data:`SWITCH_SHARE` of the time at most."""
SWITCH_SHARE = 0.05


class Worker:
    """Delivers one receiver's share. ``run`` works until it is asked to stop."""

    def __init__(self, receiver: str, road: Road, watch: Watch) -> None:
        """Connects to nothing yet."""
        self._receiver = receiver
        self._road = road
        self._watch = watch
        self._topic = Topic("", "", 0)  # until connected
        self._partitions: Sequence[int] = ()
        self._positions: Positions = {}
        self._points = Points([])
        self._live = False
        self._goal: Positions = {}
        self._quiet_since = 0.0
        self._database_seen = 0.0
        self._asked_at = 0.0
        self._switch_due = float("-inf")
        self._hand = Hand()
        self._deliveries = Deliveries(receiver, road, watch, self._hand, Around(self._reopen, self._delivered))
        self._between = Aside(receiver, watch, self._hand, self._deliveries)
        self._second = SecondPass(road, watch, self._decoder)

    def run(self) -> None:
        """Works until ``stop`` is requested.

        Raises:
            Superseded: another worker writes this receiver.
            PositionError: positions and log contradict each other.
            ConfigError: the topics or the tables are not as they must be.
        """
        try:
            with suppress(Stopped):  # nothing of what was in hand is done: it is read again at the next start
                decoder = self._open()
                while not self._watch.stop.requested:
                    self._watch.health.beat()
                    decoder = self._turn(decoder)
                self._deliveries.settle()
        finally:
            self._close()

    def _open(self) -> Decoder:
        until_done = self._watch.patience.until_done
        self._topic, self._partitions = until_done(self._road.values.connect)
        self._positions = until_done(lambda: self._hand.do(self._reopen), self._watch.meters.condition.waiting)
        self._wait_until_live()
        self._points = self._road.points.read()
        decoder = self._take_points()
        self._goal = until_done(lambda: self._road.values.begin(self._positions))
        self._watch.meters.behind.settled(self._road.values.lag(ask=False))
        self._watch.delivers()
        log.info(
            "delivering",
            extra={"receiver": self._receiver, "partitions": len(self._partitions), "live": self._live},
        )
        return decoder

    def _turn(self, decoder: Decoder) -> Decoder:
        road, until_done = self._road, self._watch.patience.until_done
        # 1. Consume: what is there, with the positions behind it. If it fails nothing was taken; it is asked again.
        fetched = until_done(road.values.fetch)
        self._watch.meters.behind.read(fetched.newest)
        # 2. Decode and filter. If the schema registry is away the same records wait here; and if too many of them
        #    would be dead letters.
        decoded = until_done(lambda: self._decoded(decoder, fetched.records))
        # 3. Dead letters, acknowledged before anything moves on. If it fails they are sent again: a letter seen twice
        #    is one letter.
        if decoded.letters:
            self._deliveries.settle()  # which may send letters, too
            until_done(lambda: road.letters.send(decoded.letters))
        self._watch.meters.decoded(len(fetched.records), decoded)
        self._watch.circuits.records.note(len(decoded.rows) + decoded.withheld, len(decoded.letters))
        # 4. One database transaction: positions by compare-and-set, then rows. If it fails nothing of it is there and
        #    it is tried again for ever; if the worker dies here the records are read again, and the guard absorbs
        #    what was written. If another worker has moved the positions, this one ends. Under a backlog the next batch
        #    is read while this one is written; it is written when this one is committed.
        if decoded.rows or (fetched.positions != self._positions and self._has_been_quiet()):
            self._deliver(Batch(decoded.rows, self._positions, fetched.positions))
        else:
            self._deliveries.settle()
            if not fetched.records and self._has_been_quiet():
                self._look()
        # 5. Between two batches: what is read again, and what persons ask for. Each is a transaction of its own.
        if self._second.under_way:
            self._second.turn(self._write_again)
        if self._watch.clock() - self._asked_at >= PROBE:
            decoder = self._heed(decoder)
        return decoder

    def _decoded(self, decoder: Decoder, records: Sequence[Record]) -> Decoded:
        decoded = decoder.decode(records)
        self._watch.circuits.records.check(len(decoded.rows) + decoded.withheld, len(decoded.letters))
        return decoded

    def _deliver(self, batch: Batch) -> None:
        """Begins to, and waits for it where no more is to be read."""
        self._deliveries.begin(batch)
        self._positions = batch.after
        self._quiet_since = self._watch.clock()
        if not self._road.values.lag(ask=False):
            self._deliveries.settle()

    def _delivered(self, batch: Batch) -> None:
        self._database_seen = self._watch.clock()
        # Report the positions to Kafka, for lag tools. If it fails nothing depends on it.
        self._road.reporter.report(batch.after)
        self._watch.meters.behind.settled(self._road.values.lag(ask=False))
        self._turn_view_when_caught_up()

    def _look(self) -> None:
        """While nothing comes: are the database and the cluster there, and how far is the log's end?"""
        if self._watch.clock() - self._database_seen >= PROBE:
            # Does the database answer, and is all as this worker left it? A second or frozen worker learns it here.
            self._between.check(self._aside(self._road.writer.look), self._positions)
            self._database_seen = self._watch.clock()
        self._watch.meters.behind.settled(self._watch.patience.until_done(lambda: self._road.values.lag(ask=True)))
        self._turn_view_when_caught_up()
        self._quiet_since = self._watch.clock()

    def _heed(self, decoder: Decoder) -> Decoder:
        """What persons ask for: records put back, a pause, a rewind, other points."""
        self._take_put_backs(decoder)
        again = self._wait_until_live()
        self._watch.patience.until_done(lambda: self._second.begin(again))
        if self._road.points.changed():
            try:
                self._points = self._road.points.read()
            except ConfigError as error:  # those that were read last stay in force
                log.error("the points have changed and cannot be used: %s", error, extra={"receiver": self._receiver})  # noqa: TRY400 - the trace says nothing
            else:
                decoder = self._take_points()
        self._asked_at = self._watch.clock()
        return decoder

    def _take_points(self) -> Decoder:
        """The points in force from here on. What the live feed has passed of new ones is read again beside it."""
        again = self._aside(lambda: self._road.writer.take_points(self._points))
        self._watch.patience.until_done(lambda: self._second.begin(again))
        return self._decoder(self._points)

    def _decoder(self, points: Points) -> Decoder:
        return self._road.decoder(self._topic.partitions, points)

    def _wait_until_live(self) -> Again:
        """Does nothing while persons want it so; then, and else at once, gives what they want to be read again."""
        before = self._watch.health.waiting_for
        while (standing := self._aside(self._road.writer.standing)).state != "live":
            self._watch.health.beat()
            self._watch.held(standing.state, f"{self._receiver} {HELD[standing.state]}")
            if self._watch.stop.wait(PROBE):
                raise Stopped
        if before is None:
            self._watch.delivers()
        return standing.again

    def _write_again(self, batch: Batch, rewrite: bool) -> Written | None:
        return self._aside(lambda: self._road.writer.write_again(batch, rewrite, self._deliveries.send_refusals))

    def _take_put_backs(self, decoder: Decoder) -> None:
        """What an operator puts back is written between two batches; it may be a dead letter once more."""

        def judge(records: Sequence[Record]) -> list[Row]:
            decoded = decoder.decode(records)
            self._road.letters.send(decoded.letters)
            return decoded.rows

        done = self._aside(lambda: self._road.writer.put_back(judge, self._deliveries.send_refusals))
        if done is not None:
            log.info(
                "records that were put back are taken",
                extra={"receiver": self._receiver, "written": done.rows, "refused": done.refused},
            )

    def _aside(self, call: Callable[[], T]) -> T:
        """A call to the writer between two deliveries."""
        return self._between.do(call, self._reopen, self._positions)

    def _has_been_quiet(self) -> bool:
        return self._watch.clock() - self._quiet_since >= QUIET

    def _turn_view_when_caught_up(self) -> None:
        """An epoch filled beside the live one takes its place once it is as whole as it was when this worker began.

        An epoch that was empty then does not: there was nothing to catch up with, and the old rows are better.
        """
        began = self._watch.clock()
        if self._live or not any(self._goal.values()) or began < self._switch_due:
            return
        if all(self._positions[partition] >= end for partition, end in self._goal.items()):
            try:
                self._live = self._hand.do(self._road.writer.turn_view)
            except Transient as error:  # nothing waits for it: a large table may not be compared within the time-out
                log.warning("the view stays: %s", error)
            now = self._watch.clock()
            self._switch_due = now + max(SWITCH, (now - began) / SWITCH_SHARE)

    def _reopen(self) -> Positions:
        opened = self._road.writer.open(self._topic, self._partitions)
        self._live = opened.live
        return opened.positions

    def _close(self) -> None:
        with ExitStack() as parts:  # each is closed, whatever another says
            for part in (self._road.reporter, self._road.letters, self._second, self._road.values):
                parts.callback(part.close)
            parts.callback(self._hand.close)
            parts.callback(lambda: self._hand.do(self._road.writer.close))
