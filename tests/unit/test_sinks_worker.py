"""The main path, step by step: what happens when each fails, scripted."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from threading import Event
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from runtime.errors import Superseded, Transient
from runtime.health import Health
from runtime.process import Stop
from runtime.retry import Backoff
from runtime.settings.dead_letters import DeadLetterSettings
from schemas.codec import Codec
from schemas.events import DeadLetter, MeterValue
from schemas.instants import SECOND
from schemas.registry import AvroSchema, EmbeddedRegistry
from sinks.batch import PIECE, Batch, ManyRefused, Positions, Record
from sinks.circuits import Circuits
from sinks.decoding import Decoded, Decoder
from sinks.meters import Meters
from sinks.patience import Patience
from sinks.points.points import Point, Points
from sinks.put_back import Judge, PutBackRecord
from sinks.road import Fetched, Road
from sinks.watch import Watch
from sinks.worker import Worker
from sinks.writer import Again, Opened, Refuse, Standing, Topic, Written
from tests.sink_rows import AS_THEY_ARE, PARTITIONS, StoredRecord, record, value

POINTS = Points([Point(value().metering_point)])
TOPIC = Topic("meterstream.1.values", "id", PARTITIONS)
START: Positions = {0: 0}


class Script:
    """Every part of the road in one: says what it did, and fails once where it is told to."""

    forms = AS_THEY_ARE

    def __init__(self, *batches: Sequence[StoredRecord], fails: str = "", with_: Exception | None = None) -> None:
        self.did: list[str] = []
        self.stop = Stop()
        self.batches = list(batches)
        self.positions = START
        self.log_end = sum(map(len, batches))
        self.stored = START
        self.live = self.whole = True
        self.limits = DeadLetterSettings(stop_run=3, retry=0.01)
        self.asked: list[PutBackRecord] = []
        self.opened: Positions | None = None
        self._fails = fails
        self._error: Exception | None = with_ or Transient(f"{fails} is away")

    def do(self, name: str, said: object = "") -> None:
        self.did.append(f"{name} {said}".strip())
        if name == self._fails and self._error is not None:
            error, self._error = self._error, None
            raise error

    # values
    def connect(self) -> tuple[Topic, list[int]]:
        self.do("connect")
        return TOPIC, [0]

    def begin(self, positions: Positions) -> Positions:
        self.do("begin", dict(positions))
        return {0: self.log_end}

    def fetch(self) -> Fetched:
        self.do("fetch")
        if not self.batches:
            self.stop.request()
            return Fetched([], self.positions)
        records = self.batches.pop(0)
        self.positions = {0: self.positions[0] + len(records)}
        return Fetched(records, self.positions)

    def lag(self, *, ask: bool) -> int:
        return self.log_end - self.positions[0]

    # points
    def read(self) -> Points:
        return POINTS

    def changed(self) -> bool:
        return False

    # dead letters
    def send(self, letters: Sequence[DeadLetter]) -> None:
        if letters:
            self.do("letters", [str(letter.reason) for letter in letters])

    # writer
    def open(self, topic: Topic, partitions: Sequence[int]) -> Opened:
        self.do("open")
        opened, self.opened = self.opened, None
        return Opened(self.stored if opened is None else opened, self.live)

    def look(self) -> Positions:
        self.do("look")
        return self.stored

    def write(self, batch: Batch, refuse: Refuse) -> Written:
        self.do("write", f"{[row.sequence for row in batch.rows]} {batch.before[0]}->{batch.after[0]}")
        self.stored = batch.after
        return Written(len(batch.rows), 0)

    def put_back(self, judge: Judge, refuse: Refuse) -> Written | None:
        if not self.asked:
            return None
        self.do("put_back", [row.sequence for row in judge(self.asked)])
        self.asked = []
        return Written(1, 0)

    def take_points(self, points: Points) -> Again:
        self.do("take_points")
        return Again({}, Points([]))

    def standing(self) -> Standing:
        return Standing("live", Again({}, Points([])))

    def write_again(self, batch: Batch, rewrite: bool, refuse: Refuse) -> Written | None:
        raise AssertionError("nothing is to be read again")

    def turn_view(self) -> bool:
        self.do("turn_view")
        return self.whole

    # reporter
    def report(self, positions: Mapping[int, int]) -> None:
        self.do("report", positions[0])

    def close(self) -> None:
        self.do("close")


class OnceAway(EmbeddedRegistry):
    """A registry that is away for the first question about an id."""

    def __init__(self, script: Script) -> None:
        self._script = script

    def schema_of(self, schema_id: int) -> AvroSchema:
        self._script.do("registry")
        return super().schema_of(schema_id)


class Mended(Decoder):
    """A decoder that at its fifth try knows what it did not know before."""

    def __init__(self) -> None:
        super().__init__(Codec(MeterValue, EmbeddedRegistry()), AS_THEY_ARE, POINTS, PARTITIONS)
        self._tries = 0

    def decode(self, records: Iterable[Record]) -> Decoded:
        self._tries += 1
        return Decoded(withheld=5) if self._tries == 5 else super().decode(records)


def work(
    script: Script, clock: Callable[[], float] = lambda: 0.0, decoder: Decoder | None = None
) -> Callable[[str], float | None]:
    """Runs a worker to the end of the script; gives its metrics."""
    health, registry = Health(), CollectorRegistry()
    codec = Codec(MeterValue, OnceAway(script))
    road = Road(
        script,
        lambda: script,
        script,
        lambda count, points: decoder or Decoder(codec, AS_THEY_ARE, points, count),
        script,
        script,
        script,
    )
    patience = Patience(health, script.stop, Backoff(initial=0.001, maximum=0.001))
    meters = Meters(registry, "vitec")
    circuits = Circuits.of(script.limits, "vitec", meters.condition.stopped)
    watch = Watch(health, script.stop, meters, patience, circuits, clock)
    try:
        Worker("vitec", road, watch).run()
    finally:
        assert script.did[-4:] == ["close"] * 4
    return lambda name: registry.get_sample_value(
        f"meterstream_sink_{name}", {"receiver": "vitec", "stage": "production"}
    )


def steps(script: Script) -> list[str]:
    """What was done after the start, without the end."""
    return [step for step in script.did[4:-5] if step != "fetch"]


GOOD = [[record(value(1)), record(value(2))], [record(value(3))]]
ALL = ["registry", "write [1, 2] 0->2", "report 2", "write [3] 2->3", "report 3"]


def test_the_road_in_its_order() -> None:
    script = Script(*GOOD)
    metric = work(script)
    assert script.did[:4] == ["connect", "open", "take_points", "begin {0: 0}"]
    assert steps(script) == ALL
    assert metric("rows_written_total") == 3
    assert metric("lag_records") == 0
    assert metric("newest_row_timestamp_seconds") == value(1).fetched_at / SECOND


@pytest.mark.parametrize(
    ("fails", "again"),
    [
        pytest.param("connect", ["connect"], id="the cluster is away at the start"),
        pytest.param("open", ["open"], id="the database is away at the start"),
        pytest.param("fetch", ["fetch"], id="1: the cluster is away"),
        pytest.param("registry", ["registry"], id="2: the registry is away"),
        pytest.param("write", ["write [1, 2] 0->2", "open"], id="4: the database is away"),
    ],
)
def test_what_fails_for_a_time_is_done_again_and_nothing_is_left_out(fails: str, again: list[str]) -> None:
    script = Script(*GOOD, fails=fails)
    work(script)
    smooth = Script(*GOOD)
    work(smooth)
    assert [step for step in script.did if step.startswith("write")][-2:] == ["write [1, 2] 0->2", "write [3] 2->3"]
    assert sorted(script.did) == sorted(smooth.did + again)


class Slow(Script):
    """The first batch is not written before the second one has been fetched."""

    def __init__(self, *batches: Sequence[StoredRecord]) -> None:
        super().__init__(*batches)
        self._fetched: list[int] = []
        self._second = Event()

    def fetch(self) -> Fetched:
        self._fetched.append(len(self.batches))
        if len(self._fetched) == 2:
            self._second.set()
        return super().fetch()

    def write(self, batch: Batch, refuse: Refuse) -> Written:
        assert self._second.wait(30)
        return super().write(batch, refuse)


class NoBacklog(Script):
    """Each batch is all that there is when it is fetched."""

    def lag(self, *, ask: bool) -> int:
        return 0


def test_under_a_backlog_the_next_batch_is_read_while_one_is_written() -> None:
    script = Slow(*GOOD)
    work(script)
    assert steps(script) == ALL


def test_without_a_backlog_a_batch_is_committed_before_anything_else_is_done() -> None:
    """So that a lone row is seen as delivered at once, and an idle worker has nothing under way."""
    script = NoBacklog(*GOOD)
    work(script)
    assert script.did[4:] == ["fetch", *ALL[:3], "fetch", *ALL[3:], "fetch", *["close"] * 4]


POISON = record(value(9), value=b"poison")


def test_dead_letters_are_acknowledged_before_the_positions_move() -> None:
    """3. Sent again where it fails; the rows of the batch wait."""
    script = Script([record(value(1)), POISON], fails="letters")
    work(script)
    assert steps(script)[1:] == [
        "letters ['undecodable_record']",
        "letters ['undecodable_record']",
        "write [1] 0->2",
        "report 2",
    ]


def test_a_worker_that_was_superseded_ends_with_nothing_more_done() -> None:
    script = Script(*GOOD, fails="write", with_=Superseded("another worker"))
    with pytest.raises(Superseded):
        work(script)
    assert [step for step in script.did if step.startswith(("write", "report"))] == ["write [1, 2] 0->2"]


def test_a_defect_is_not_retried() -> None:
    script = Script(*GOOD, fails="write", with_=ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        work(script)
    assert "report 2" not in script.did


def test_a_batch_of_which_too_much_is_refused_is_delivered_in_pieces() -> None:
    """Each is a transaction of its own, between which the worker shows that it lives."""
    script = Script(
        [record(value(number), offset=number) for number in range(2 * PIECE + 1)], fails="write", with_=ManyRefused()
    )
    metric = work(script)
    sizes = [step.count(",") + 1 for step in script.did if step.startswith("write")]
    assert sizes == [2 * PIECE + 1, PIECE, PIECE, 1]
    assert script.stored == {**script.stored, 0: 2 * PIECE + 1}
    assert metric("rows_written_total") == 2 * PIECE + 1


def test_positions_without_rows_are_written_now_and_then() -> None:
    """Values for other receivers must not cost a transaction each."""
    others = [[record(value(n, metering_point="other"))] for n in range(30)]
    seconds = iter(range(1_000))
    script = Script(*others)
    work(script, clock=lambda: next(seconds) / 20)
    writes = [step for step in script.did if step.startswith("write")]
    assert 1 <= len(writes) <= 4
    assert writes[0].startswith("write [] 0->")


def test_an_idle_worker_looks_at_its_positions_now_and_then() -> None:
    """So it sees within seconds that its database is away, and mends its connection before anything comes."""
    seconds = iter(range(1_000))
    script = Script(*[[] for _ in range(200)], fails="look")
    work(script, clock=lambda: next(seconds) / 20)
    looks = [step for step in steps(script) if step in ("look", "open")]
    assert looks[:2] == ["look", "open"], "after a failure the database is opened anew"
    assert 3 <= looks.count("look") <= 14


@pytest.mark.parametrize("fails", ["", "look"])
def test_an_idle_worker_whose_positions_were_moved_ends(fails: str) -> None:
    """By another worker, or by a backup that was restored; seen at once or after the connection was lost."""
    script = Script(*[[] for _ in range(20)], fails=fails)
    script.stored = {0: 7}
    seconds = iter(range(1_000))
    script.opened = START
    with pytest.raises(Superseded, match="were moved"):
        work(script, clock=lambda: float(next(seconds)))


def test_an_epoch_that_is_not_whole_yet_is_looked_at_again_later() -> None:
    """The comparison may be long: it is made now and then, and its failure stops nothing."""
    script = Script(*[[record(value(number))] for number in range(100)], fails="turn_view")
    script.live, script.whole, script.log_end = False, False, 1
    seconds = iter(range(10_000))
    work(script, clock=lambda: next(seconds) / 20)
    assert 2 <= script.did.count("turn_view") <= 20
    assert [step for step in script.did if step.startswith("write")][-1] == "write [99] 99->100"


@pytest.mark.parametrize(
    ("end", "switched"),
    [pytest.param(3, True, id="caught up"), pytest.param(4, False, id="not yet"), pytest.param(0, False, id="empty")],
)
def test_an_epoch_goes_live_when_it_has_caught_up_with_the_start(end: int, switched: bool) -> None:
    script = Script(*GOOD)
    script.live = False
    script.log_end = end
    work(script)
    assert ("turn_view" in script.did) is switched
    assert script.did.count("turn_view") <= 1


def test_the_start_is_no_readiness() -> None:
    """While the second of two starting steps waits, the first one's success does not make it ready."""
    seen: list[Any] = []
    health = Health()
    patience = Patience(health, Stop(), Backoff(initial=0.001, maximum=0.001))
    script = Script(fails="connect")
    patience.until_done(script.connect)
    seen.append(health.waiting_for)
    health.ready()
    script = Script(fails="fetch")
    patience.until_done(script.fetch)
    seen.append(health.waiting_for)
    assert seen == ["starting", None]


def test_too_many_records_that_are_no_values_wait_for_somebody_to_look() -> None:
    """And nothing of them is acknowledged, neither as dead letters nor by the positions; mended, they go on."""
    garbage = record(value(1), value=b"garbage")
    script = Script([garbage] * 2, [garbage] * 5, GOOD[1])
    metric = work(script, decoder=Mended())
    assert [step for step in steps(script) if step != "registry"] == [
        "letters ['undecodable_record', 'undecodable_record']",
        "write [3] 0->8",
        "report 8",
    ]
    assert metric("rows_written_total") == 1


def test_what_an_operator_puts_back_is_taken_between_two_batches() -> None:
    script = Script(*GOOD, fails="put_back")
    back, bad = record(value(7)), record(value(8), value=b"garbage")
    script.asked = [
        PutBackRecord(f"id-{each.offset}", each.topic, each.partition, each.offset, each.key, each.value)
        for each in (back, bad)
    ]
    work(script, clock=count(step=10).__next__)
    done = [step for step in steps(script) if step.startswith(("letters", "put_back", "open"))]
    again = ["letters ['undecodable_record']", "put_back [7]"]
    assert done == [*again, "open", *again]
