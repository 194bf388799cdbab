"""Readings to values, exactly once with state: one streams worker beside the least that Python can do.

    make bench-streams

The raw limit reads the same readings and writes them to another topic, one transaction per chunk, without decoding,
rules or state. The worker then takes the readings as new ones, and the very same once more as duplicates, as the
overlapping windows of polls bring them.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import click
from kafka import KafkaAdminClient

from benchmarks import events
from benchmarks.kafka_load import load
from benchmarks.results import Result, median, report
from benchmarks.stage import Pace, Stage
from benchmarks.topics import PARTITIONS, prepared
from local.kafka import KafkaBroker

CONSUMED = "meterstream_streams_consumed_total"


@click.command()
@click.option("--readings", default=300_000, show_default=True)
@click.option("--points", default=2_000, show_default=True)
@click.option("--runs", default=3, show_default=True, help="The median of so many is told.")
@click.option("--record", is_flag=True, help="Add what was found to docs/benchmarks.jsonl.")
def main(readings: int, points: int, runs: int, record: bool) -> None:
    """Prints the pace of one streams worker beside its raw limit."""
    encoded = list(events.readings(readings, points, PARTITIONS))
    temporary = tempfile.TemporaryDirectory(prefix="meterstream-bench-")
    with temporary as directory, KafkaBroker(Path(directory) / "kafka") as broker:
        found = [_run(Path(directory), broker, f"run{number}", encoded) for number in range(runs)]
    raw = median([each for each, _, _ in found])
    new, again = (median([run[index] for run in found]) for index in (1, 2))
    limit = raw.per_second
    report([Result("streams: new readings", new, limit), Result("streams: duplicates", again, limit)], record=record)


def _run(folder: Path, broker: KafkaBroker, name: str, encoded: list[events.Encoded]) -> tuple[Pace, Pace, Pace]:
    config = folder / f"{name}.toml"
    readings = prepared(config, broker.bootstrap_servers, name).readings
    load(broker.bootstrap_servers, readings, encoded)
    raw = _raw(broker, readings, f"{name}-raw", len(encoded))
    with Stage(["streams", "--config", str(config)], folder / f"{name}.log", {"Kafka": broker.pid}) as stage:
        new = stage.pace(CONSUMED, len(encoded))
        load(broker.bootstrap_servers, readings, encoded)
        again = stage.pace(CONSUMED, 2 * len(encoded))
    return raw, new, again


def _raw(broker: KafkaBroker, source: str, target: str, count: int) -> Pace:
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    admin.create_topics({target: {"num_partitions": PARTITIONS, "replication_factor": 1}})
    admin.close()
    command = [sys.executable, "-m", "benchmarks.raw_middle", broker.bootstrap_servers, source, target, str(count)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Pace(count, count / float(said), {}, 0.0)


if __name__ == "__main__":
    main()
