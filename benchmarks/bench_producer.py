"""A utility's answers to acknowledged readings: one producer beside the least that Python can do.

    make bench-producer

Without HTTP: the bytes of answers that are all new, mapped, remembered, published and acknowledged; the raw limit is
an encoder by hand. Then its memory alone, which is written in transactions, twice for each of these answers.

With HTTP: the producer as a whole, and a utility that costs next to nothing. First every point's first load, then
again and again their windows, which do not change: nothing is published. The same once more by a new process, which
knows no answer again and compares the parts of each. The raw limit is a loop around the HTTP client.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click
import psutil

from benchmarks import child, events
from benchmarks.answers import readings_of_an_answer
from benchmarks.cheap_utility import CheapUtility
from benchmarks.results import Result, median, report
from benchmarks.stage import Pace, Stage
from benchmarks.topics import prepared
from local.kafka import KafkaBroker
from schemas.events import Granularity

CALLS, PUBLISHED = "meterstream_producer_calls_total", "meterstream_producer_published_total"
CONCURRENCY = 32
REMEMBERED = 20_000
"""Records of what is remembered."""
SETTLED = 2.0
"""Seconds from the last first load on until nothing of it is under way."""

Paces = dict[str, Pace]


@dataclass(frozen=True)
class Size:
    """How much is asked, and how often: ``bodies`` answers without HTTP; ``points`` with it."""

    granularity: Granularity
    bodies: int
    points: int
    runs: int


@click.command()
@click.option("--readings", default=200_000, show_default=True, help="Without HTTP: hours, in answers of 14 days.")
@click.option("--points", default=100_000, show_default=True, help="With HTTP: points of days, 14 readings in each.")
@click.option("--hourly", default=2_000, show_default=True, help="With HTTP: points of hours, 336 readings in each.")
@click.option("--runs", default=3, show_default=True, help="The median of so many is told; days are asked for once.")
@click.option("--record", is_flag=True, help="Add what was found to docs/benchmarks.jsonl.")
def main(readings: int, points: int, hourly: int, runs: int, record: bool) -> None:
    """Prints the pace of one producer beside its raw limits."""
    bodies = readings // readings_of_an_answer("hour")
    sizes = [Size("hour", bodies, hourly, runs), Size("day", 0, points, 1)]
    temporary = tempfile.TemporaryDirectory(prefix="meterstream-bench-")
    results: list[Result] = []
    with temporary as directory, KafkaBroker(Path(directory) / "kafka") as broker:
        for size in sizes:
            found = [_Run(Path(directory), broker, size, number).paces() for number in range(size.runs)]
            results += _results(size, {name: median([each[name] for each in found]) for name in found[0]})
    report(results, record=record)


def _results(size: Size, paces: Paces) -> list[Result]:
    kind, results = f"{size.granularity}s", []
    if "raw encoder" in paces:
        limit = paces["raw encoder"].per_second
        results.append(Result(f"producer: JSON bytes to acknowledged, {kind}", paces["seam"], limit))
        results.append(Result("producer: what it remembers of points, in transactions", paces["claim"]))
    if "raw client" in paces:
        limit = paces["raw client"].per_second
        results += [
            Result(f"producer: first load through HTTP, {kind}: readings", paces["load"]),
            Result(f"producer: unchanged windows of {kind}: calls", paces["seen"], limit),
            Result(f"producer: unchanged windows of {kind}, new process: calls", paces["compared"], limit),
        ]
    return results


class _Run:
    """One run: topics, a settings file and a points file of its own."""

    def __init__(self, folder: Path, broker: KafkaBroker, size: Size, number: int) -> None:
        self._folder, self._broker, self._size = folder, broker, size
        self._name = f"{size.granularity}{number}"

    def paces(self) -> Paces:
        """All paces of one size."""
        return (self._without_http() if self._size.bodies else {}) | (self._with_http() if self._size.points else {})

    def _without_http(self) -> Paces:
        size = self._size
        name = f"{self._name}-seam"
        config = self._prepared(name, "http://127.0.0.1:9", size.bodies)
        readings = prepared(self._folder / "raw.toml", self._broker.bootstrap_servers, f"{name}-raw").readings
        raw = [self._broker.bootstrap_servers, readings, str(size.bodies), size.granularity]
        return {
            "raw encoder": child.pace(["benchmarks.raw_producer", *raw]),
            "seam": child.pace(["benchmarks.producer_seam", str(config), "bench"]),
            "claim": child.pace(["benchmarks.producer_claim", str(config), str(REMEMBERED)]),
        }

    def _with_http(self) -> Paces:
        size = self._size
        paces: Paces = {}
        with CheapUtility(size.granularity) as utility:
            config = self._prepared(self._name, utility.url, size.points)
            calls = min(size.points, 50_000)
            client = [utility.url, str(CONCURRENCY), str(calls), str(size.points)]
            paces["raw client"] = child.pace(["benchmarks.raw_client", *client])
            beside = {"Kafka": self._broker.pid, "utility": utility.pid}
            loaded = size.points * readings_of_an_answer(size.granularity)
            with self._stage(config, beside) as stage:
                paces["load"] = stage.pace(PUBLISHED, loaded)
                time.sleep(SETTLED)
                before = _resident(stage)
                paces["seen"] = self._unchanged(stage)
                click.echo(f"{self._name}: memory {before:.0f} MiB, after a cycle {_resident(stage):.0f} MiB")
            with self._stage(config, beside) as stage:
                paces["compared"] = self._unchanged(stage)
        return paces

    def _stage(self, config: Path, beside: dict[str, int]) -> Stage:
        return Stage(["producer", "--config", str(config)], self._folder / f"{self._name}.log", beside)

    def _unchanged(self, stage: Stage) -> Pace:
        """One cycle over all points; nothing may be published in it."""
        published = stage.metric(PUBLISHED)
        pace = stage.pace(CALLS, stage.metric(CALLS) + self._size.points)
        if stage.metric(PUBLISHED) != published:
            raise RuntimeError("readings were published although nothing changed")
        return pace

    def _prepared(self, name: str, url: str, points: int) -> Path:
        """Writes the settings; a first load asks for no more than a window."""
        listed = self._folder / f"{name}.csv"
        listed.write_text("metering_point\n" + "".join(f"{point}\n" for point in events.points(points)), "utf-8")
        config = self._folder / f"{name}.toml"
        source = (
            f'[sources.bench]\nmapping = "oresundskraft"\nurl = "{url}"\ngranularity = "{self._size.granularity}"\n'
            f'points = "{listed}"\npoll = {{ every = 0.05, first_load = 14 }}\n'
            f"limits = {{ requests_per_second = 100000, concurrency = {CONCURRENCY} }}\n"
        )
        prepared(config, self._broker.bootstrap_servers, name, source)
        return config


def _resident(stage: Stage) -> float:
    """The worker's memory now, in MiB."""
    return float(psutil.Process(stage.pid).memory_info().rss) / 2**20


if __name__ == "__main__":
    main()
