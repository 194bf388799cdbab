"""Readings to values, exactly once with state: streams workers beside the least that Python can do.

    make bench-streams
    make bench-curves

A worker takes readings as new ones, and then the same once more as duplicates, asked for later, as the overlapping
windows of polls bring them. The raw limit reads the same readings and writes them to another topic, one transaction per
chunk, without decoding, rules or state. ``--curves`` tells instead how the pace follows the number of workers, the
number of metering points, and the share of duplicates.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import click
from kafka import KafkaAdminClient

from benchmarks import events, streams_curves
from benchmarks.kafka_load import load
from benchmarks.results import Result, median, report
from benchmarks.stage import Pace, Stage, pace, wait_until
from benchmarks.topics import PARTITIONS, prepared
from local.kafka import KafkaBroker

CONSUMED = "meterstream_streams_consumed_total"


@click.command()
@click.option("--readings", default=300_000, show_default=True)
@click.option("--points", default=2_000, show_default=True)
@click.option("--workers", default=1, show_default=True, help="They share the partitions.")
@click.option("--runs", default=3, show_default=True, help="The median of so many is told.")
@click.option("--curves", is_flag=True, help="Over workers, points and share of duplicates instead; --runs of each.")
@click.option("--record", is_flag=True, help="Add what was found to docs/benchmarks.jsonl.")
def main(readings: int, points: int, workers: int, runs: int, curves: bool, record: bool) -> None:
    """Prints the pace of streams beside its raw limit."""
    temporary = tempfile.TemporaryDirectory(prefix="meterstream-bench-")
    with temporary as directory, KafkaBroker(Path(directory) / "kafka") as broker:
        bench = Bench(Path(directory), broker)
        if curves:
            found = [
                Result(case.what, median([bench.paces(case.workers, case.loads())[-1] for _ in range(runs)]))
                for case in streams_curves.cases(readings, points)
            ]
        else:
            found = _beside_the_limit(bench, workers, runs, (readings, points, PARTITIONS))
    report(found, record=record)


def _beside_the_limit(bench: "Bench", workers: int, runs: int, size: tuple[int, int, int]) -> list[Result]:
    new, again = list(events.readings(*size)), list(events.readings(*size, asked_at=events.LATER))
    rounds = [(*bench.paces(workers, [new, again]), bench.raw(len(new))) for _ in range(runs)]
    first, second, raw = (median([each[index] for each in rounds]) for index in range(3))
    over = "" if workers == 1 else f", {workers} workers"
    return [
        Result(f"streams: new readings{over}", first, raw.per_second),
        Result(f"streams: duplicates{over}", second, raw.per_second),
    ]


class Bench:
    """A broker, and the topics of one run after the other."""

    def __init__(self, folder: Path, broker: KafkaBroker) -> None:
        """``folder``: for settings and logs."""
        self._folder = folder
        self._broker = broker
        self._runs = 0
        self._readings = ""

    def paces(self, workers: int, loads: Sequence[Iterable[events.Encoded]]) -> list[Pace]:
        """How fast so many workers, on topics of their own, take one load after the other."""
        self._runs += 1
        config = self._folder / f"run{self._runs}.toml"
        self._readings = prepared(config, self._broker.bootstrap_servers, f"run{self._runs}").readings
        with ExitStack() as stack:
            stages = [stack.enter_context(self._worker(config, number)) for number in range(workers)]
            wait_until(lambda: all(stage.ready() for stage in stages), "ready")
            found, total = [], 0
            for records in loads:
                total += load(self._broker.bootstrap_servers, self._readings, records)
                found.append(pace(stages, CONSUMED, total))
        return found

    def raw(self, count: int) -> Pace:
        """The limit, on the first ``count`` readings of the newest run."""
        target = f"{self._readings}-raw"
        admin = KafkaAdminClient(bootstrap_servers=self._broker.bootstrap_servers)
        admin.create_topics({target: {"num_partitions": PARTITIONS, "replication_factor": 1}})
        admin.close()
        asked = [self._broker.bootstrap_servers, self._readings, target, str(count)]
        command = [sys.executable, "-m", "benchmarks.raw_middle", *asked]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return Pace(count, count / float(said), {}, 0.0)

    def _worker(self, config: Path, number: int) -> Stage:
        log = config.with_suffix(f".{number}.log")
        return Stage(["streams", "--config", str(config)], log, {"Kafka": self._broker.pid})


if __name__ == "__main__":
    main()
