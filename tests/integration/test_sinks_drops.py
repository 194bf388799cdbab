"""A receiver of files on a real Kafka: killed at random, read by the reader of docs/files.md."""

import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cluster import Cluster
from schemas.exact import ONE
from tests.drops import manifests, sequences
from tests.receiver_databases import FilesReceiver
from tests.sink_rows import value
from tests.sink_system import SinkSystem, until

pytestmark = pytest.mark.services

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "files.md"


@pytest.fixture
def system(kafka: Cluster, unique: str, tmp_path: Path) -> Iterator[SinkSystem]:
    (tmp_path / "drops").mkdir()
    system = SinkSystem(kafka.bootstrap_servers, unique, tmp_path, FilesReceiver.of(tmp_path / "drops"))
    yield system
    system.close()


def read(folder: Path, taken: int) -> list[str]:
    """What the reader of the document says of the drops after a number."""
    (program,) = re.findall(r"^```python\n(.*?)^```", DOCUMENT.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    command = [sys.executable, "-c", program, str(folder), str(taken)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()


def test_kills_leave_every_change_in_exactly_one_drop(system: SinkSystem) -> None:
    chance, folder = random.Random(3), system.folder / "drops"
    values = [
        value(sequence, metering_point=f"p{sequence % 20}", reading_at=sequence % 140, value=sequence * ONE)
        for sequence in range(4_000)
    ]
    worker = system.start()
    for part in range(4):
        system.publish(values[part * 1_000 : (part + 1) * 1_000])
        time.sleep(chance.uniform(0.5, 2))
        worker.signal(signal.SIGKILL)
        worker.ended()
        worker = system.start()
    last = {(each.metering_point, each.reading_at): each.sequence for each in values}
    until(lambda: set(last.values()) <= {one for drop in sequences(folder) for one in drop})
    seen = [sequence for drop in sequences(folder) for sequence in drop]
    assert len(seen) == len(set(seen)), "no version twice"
    for place in last:
        of_it = [each for each in seen if (f"p{each % 20}", each % 140) == place]
        assert of_it == sorted(of_it)


def test_the_reader_of_the_document_takes_each_drop_once(system: SinkSystem) -> None:
    """Drops go on while the feed is idle; the chain and every hash hold."""
    folder = system.folder / "drops"
    worker = system.start()
    system.publish([value(1), value(2, reading_at=1)])
    until(lambda: manifests(folder))
    first = read(folder, 0)
    system.publish([value(3)])
    until(lambda: len(manifests(folder)) > len(first))
    second = read(folder, len(first))
    assert [line.split()[:2] for line in first + second] == [
        [str(number), f"meter_values-{number:09d}.csv"] for number in range(1, len(first + second) + 1)
    ]
    assert sorted(one for drop in sequences(folder) for one in drop) == [1, 2, 3]
    assert worker.ready()
