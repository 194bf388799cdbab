"""What a worker's state costs: memory for each million readings that are kept, and the time to come back with them.

    make bench-recovery

A streams worker fills its state from prepared readings of hours. Then it is killed, and another one started: from there
until it says that it is ready. The killed one's membership must lapse first (kafka.session_timeout), unless it is soon.
Memory is told twice, beside that of a worker that holds nothing: of the one that filled the state, which has grown by
what it needed to work, and of the one that restored it.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks import events
from benchmarks.costs import cpu_seconds, memory_mib
from benchmarks.kafka_load import load
from benchmarks.results import MILLION, Figure, report
from benchmarks.stage import Stage, wait_until
from benchmarks.topics import PARTITIONS, prepared
from local.kafka import KafkaBroker

CONSUMED = "meterstream_streams_consumed_total"
LOADING = "meterstream_streams_recovery_seconds_sum"
STATE_BYTES = "meterstream_streams_state_bytes"
MOST_SECONDS = 15.0
MOST_MIB = 150.0 * 10**6 / 2**20
"""150 MB."""
MOST_HOURS = 45 * 24
"""What streams keeps of hours; more readings of a point would push the oldest out."""


@dataclass(frozen=True)
class State:
    """Of one worker at one moment: MiB that are resident, bytes that it says its state has, CPU seconds so far."""

    mib: float
    encoded: float
    cpu: float

    @staticmethod
    def of(stage: Stage) -> "State":
        """Now."""
        return State(memory_mib(stage.pid), stage.metric(STATE_BYTES), cpu_seconds(stage.pid))


@dataclass(frozen=True)
class Run:
    """A worker that held nothing, the one that filled the state, and the one that restored it.

    ``seconds``: until that one was ready; ``loading``: what it took of them to open its partitions.
    """

    empty: State
    filled: State
    restored: State
    seconds: float
    loading: float


@click.command()
@click.option("--readings", default=MILLION, show_default=True)
@click.option("--points", default=2_000, show_default=True)
@click.option("--runs", default=1, show_default=True, help="The median of so many is told. One takes two minutes.")
@click.option("--record", is_flag=True, help="Add what was found to docs/benchmarks.jsonl.")
def main(readings: int, points: int, runs: int, record: bool) -> None:
    """Prints memory and recovery time of one streams worker with so many readings in its state."""
    if readings > points * MOST_HOURS:
        raise click.ClickException(f"a point keeps {MOST_HOURS:,} hours: {readings:,} readings need more points")
    temporary = tempfile.TemporaryDirectory(prefix="meterstream-bench-")
    with temporary as directory, KafkaBroker(Path(directory) / "kafka") as broker:
        found = [_run(Path(directory), broker, f"run{number}", readings, points) for number in range(runs)]
    run = sorted(found, key=lambda run: run.seconds)[(runs - 1) // 2]
    of = readings / MILLION
    peak = {"filled": run.filled.mib, "restored": run.restored.mib, "empty": run.empty.mib}
    goal = MOST_SECONDS if readings >= MILLION else None
    cpu = {"restored": (run.restored.cpu - run.empty.cpu) / of}
    report(
        [
            Figure(f"recovery: {readings:,} readings of state, from start to ready", run.seconds, "s", goal, cpu),
            Figure(f"recovery: {readings:,} readings of state, of this to load it", run.loading, "s"),
            Figure("state, encoded, per 1,000,000 readings", run.filled.encoded / 2**20 / of, "MiB"),
            Figure(
                "state, restored, per 1,000,000 readings", _grown(run, run.restored) / of, "MiB", MOST_MIB, {}, peak
            ),
            Figure("state, just filled, per 1,000,000 readings", _grown(run, run.filled) / of, "MiB", MOST_MIB),
        ],
        record=record,
    )


def _grown(run: Run, state: State) -> float:
    return state.mib - run.empty.mib


def _run(folder: Path, broker: KafkaBroker, name: str, readings: int, points: int) -> Run:
    config = folder / f"{name}.toml"
    topic = prepared(config, broker.bootstrap_servers, name).readings
    command = ["streams", "--config", str(config)]
    with Stage(command, folder / f"{name}.log") as worker:
        wait_until(worker.ready, "the worker is ready", 60)
        empty = State.of(worker)
        load(broker.bootstrap_servers, topic, events.readings(readings, points, PARTITIONS))
        _filled(worker, readings)
        filled = State.of(worker)
        worker.kill()
    began = time.perf_counter()
    with Stage(command, folder / f"{name}-again.log") as worker:
        wait_until(worker.ready, "the worker is ready again", 120)
        seconds = time.perf_counter() - began
        restored, loading = State.of(worker), worker.metric(LOADING)
    if restored.encoded != filled.encoded:
        raise click.ClickException(f"{restored.encoded:,.0f} bytes of state were restored of {filled.encoded:,.0f}")
    return Run(empty, filled, restored, seconds, loading)


def _filled(worker: Stage, readings: int) -> None:
    def all_consumed() -> bool:
        worker.check()
        return worker.metric(CONSUMED) >= readings

    wait_until(all_consumed, f"{readings:,} readings are consumed", every=0.5)


if __name__ == "__main__":
    main()
