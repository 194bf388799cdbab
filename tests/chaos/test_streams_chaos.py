"""Two workers under a hail of kills, stops and freezes, while a seeded load of every kind of reading runs."""

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cluster import Cluster
from tests.streams_system import READINGS, StreamsSystem, WorkerProcess, hour

pytestmark = pytest.mark.services

SEED = 20_26
PARTITIONS = 4
READINGS_FED = 8_000
POINTS = 60
BLOWS = 7


@pytest.fixture
def system(kafka: Cluster, unique: str, tmp_path: Path) -> Iterator[StreamsSystem]:
    with StreamsSystem(kafka.bootstrap_servers, unique, tmp_path, PARTITIONS, chunk_records=300) as system:
        yield system


class Load(threading.Thread):
    """Feeds new readings, duplicates, corrections, gaps, late ones and poison, in a seeded order."""

    def __init__(self, system: StreamsSystem, seconds: float) -> None:
        super().__init__(name="load", daemon=True)
        self._system = system
        self._pause = seconds / (READINGS_FED / 100)
        self._random = random.Random(SEED)

    def run(self) -> None:
        dice = self._random
        newest = dict.fromkeys((f"point-{number}" for number in range(POINTS)), 0)
        for count in range(READINGS_FED):
            point = dice.choice(list(newest))
            if count % 97 == 50:
                self._system.put(READINGS.encode(hour(point, 1, 1))[: dice.randrange(60)], point)
                continue
            kind = dice.random()
            newest[point] += kind < 0.7
            at = newest[point] if kind < 0.7 else max(0, newest[point] - dice.randrange(6))
            value = None if dice.random() < 0.05 else at * 100 + dice.randrange(1 if 0.7 <= kind < 0.85 else 60)
            self._system.feed_one(hour(point, at, value, fetched=dice.randrange(count + 1) if kind > 0.95 else count))
            if count % 100 == 0:
                self._system.flush()
                time.sleep(self._pause)
        self._system.flush()


def strike(dice: random.Random, victim: WorkerProcess) -> None:
    """One blow: mostly a kill."""
    blow = dice.choice("KKKTF")
    if blow == "K":
        victim.kill()
    elif blow == "T":
        assert victim.stop() in {0, 70, -15}, "-15: it was still starting"
    else:
        victim.freeze()
        time.sleep(7.5)  # beyond the session: the others take over
        victim.thaw()


def test_whatever_happens_to_the_workers_the_outcome_is_that_of_one_undisturbed_fold(system: StreamsSystem) -> None:
    dice = random.Random(SEED)
    load = Load(system, seconds=25)
    workers = [system.worker(), system.worker()]
    load.start()
    time.sleep(3)
    for _ in range(BLOWS):
        strike(dice, dice.choice(workers))
        time.sleep(dice.uniform(0.2, 1.5))
        workers = [worker if worker.code is None else system.worker() for worker in workers]
        time.sleep(dice.uniform(0.5, 3))
    load.join(60)
    assert not load.is_alive()
    workers = [worker if worker.code is None else system.worker() for worker in workers]
    system.drain()
    outcome = system.outcome()
    assert outcome == system.expected()
    assert sum(map(len, outcome.values.values())) > READINGS_FED / 2
    assert {worker.code for worker in system.workers} <= {None, 0, 70, -9, -15}
