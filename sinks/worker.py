"""The worker: from the values topic into one receiver's database. The main path, on one screen."""

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from itertools import count
from typing import TypeVar

from runtime.errors import Superseded, Transient
from sinks.batch import Batch, Positions, Record, Row
from sinks.decoding import Decoded, Decoder
from sinks.deliveries import Around, Deliveries
from sinks.hand import Hand
from sinks.patience import Stopped
from sinks.road import Road
from sinks.watch import Watch
from sinks.writer import Topic

log = logging.getLogger(__name__)

T = TypeVar("T")

QUIET = 1.0
"""Seconds between two looks at the lag while nothing comes, and between two writes that move positions only."""

PROBE = 3.0
"""Seconds between two looks at the database while nothing is delivered; and for what an operator puts back."""
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
        self._live = False
        self._goal: Positions = {}
        self._quiet_since = 0.0
        self._database_seen = 0.0
        self._put_backs_seen = 0.0
        self._switch_due = float("-inf")
        self._hand = Hand()
        self._deliveries = Deliveries(receiver, road, watch, self._hand, Around(self._reopen, self._delivered))

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
                    self._turn(decoder)
                self._deliveries.settle()
        finally:
            self._close()

    def _open(self) -> Decoder:
        until_done = self._watch.patience.until_done
        self._topic, self._partitions = until_done(self._road.values.connect)
        self._positions = until_done(lambda: self._hand.do(self._reopen), self._watch.meters.waiting)
        self._goal = until_done(lambda: self._road.values.begin(self._positions))
        self._watch.meters.lag.set(self._road.values.lag(ask=False))
        self._watch.health.ready()
        log.info(
            "delivering",
            extra={"receiver": self._receiver, "partitions": len(self._partitions), "live": self._live},
        )
        return self._road.decoder(self._topic.partitions)

    def _turn(self, decoder: Decoder) -> None:
        road, until_done = self._road, self._watch.patience.until_done
        # 1. Consume: what is there, with the positions behind it. If it fails nothing was taken; it is asked again.
        fetched = until_done(road.values.fetch)
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
        if self._watch.clock() - self._put_backs_seen >= PROBE:
            self._take_put_backs(decoder)

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
        # 5. Report the positions to Kafka, for lag tools. If it fails nothing depends on it.
        self._road.reporter.report(batch.after)
        self._watch.meters.lag.set(self._road.values.lag(ask=False))
        self._switch_when_caught_up()

    def _look(self) -> None:
        """While nothing comes: are the database and the cluster there, and how far is the log's end?"""
        if self._watch.clock() - self._database_seen >= PROBE:
            self._look_at_positions()
        self._watch.meters.lag.set(self._watch.patience.until_done(lambda: self._road.values.lag(ask=True)))
        self._switch_when_caught_up()
        self._quiet_since = self._watch.clock()

    def _look_at_positions(self) -> None:
        """Does the database answer, and is all as this worker left it? A second or frozen worker learns it here."""
        self._check(self._aside(self._road.writer.look))
        self._database_seen = self._watch.clock()

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
        self._put_backs_seen = self._watch.clock()

    def _aside(self, call: Callable[[], T]) -> T:
        """A call to the writer between two deliveries. After a failure all must be as this worker left it."""
        self._deliveries.settle()
        tries = count()

        def attempt() -> T:
            if next(tries):
                self._check(self._reopen())
            return call()

        return self._watch.patience.until_done(lambda: self._hand.do(attempt), self._watch.meters.waiting)

    def _check(self, positions: Positions) -> None:
        if positions != self._positions:
            raise Superseded(
                f"the positions of receiver {self._receiver} were moved: by another worker (run one per receiver and "
                "share), or with a backup that was restored. A new start goes on where they stand"
            )

    def _has_been_quiet(self) -> bool:
        return self._watch.clock() - self._quiet_since >= QUIET

    def _switch_when_caught_up(self) -> None:
        """An epoch filled beside the live one takes its place once it is as whole as it was when this worker began.

        An epoch that was empty then does not: there was nothing to catch up with, and the old rows are better.
        """
        began = self._watch.clock()
        if self._live or not any(self._goal.values()) or began < self._switch_due:
            return
        if all(self._positions[partition] >= end for partition, end in self._goal.items()):
            try:
                self._live = self._hand.do(self._road.writer.go_live)
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
            for part in (self._road.reporter, self._road.letters, self._road.values):
                parts.callback(part.close)
            parts.callback(self._hand.close)
            parts.callback(lambda: self._hand.do(self._road.writer.close))
