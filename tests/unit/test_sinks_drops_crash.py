"""A worker of a receiver of files that dies, freezes or runs into trouble: no drop doubled, none half, none lost."""

import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from runtime.errors import Superseded, Transient
from runtime.settings.receiver import FilesSettings
from sinks.files.folder import PART, Draft, DropFolder
from sinks.files.state import HIDDEN, FilesState
from tests.drops import Clock, Worker, Workplace
from tests.sink_rows import AT, value
from tests.sink_writing import TOPIC

SCRIPT = [value(1), value(2, reading_at=AT + 1), value(3), value(4, reading_at=AT + 2)]
"""Two batches of two; the third corrects the first."""


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path, Clock(), FilesSettings())


class Crash(BaseException):
    """The process is gone."""


class Fuse:
    """Lets so many steps pass."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def burn(self) -> None:
        self.left -= 1
        if self.left == -1:
            raise Crash


class CrashingFolder(DropFolder):
    """Dies before or after what it does to the disk."""

    def __init__(self, folder: Path, fuse: Fuse) -> None:
        super().__init__("vitec", folder)
        self._fuse = fuse

    @contextmanager
    def draft(self, draft: Draft) -> Iterator[BinaryIO]:
        with super().draft(draft) as file:
            self._fuse.burn()
            yield file
        self._fuse.burn()

    def show(self, name: str) -> None:
        self._fuse.burn()
        super().show(name)
        self._fuse.burn()

    def settle(self) -> None:
        super().settle()
        self._fuse.burn()


class CrashingState(FilesState):
    """Dies before any statement that changes something, and after a commit."""

    def __init__(self, folder: Path, fuse: Fuse) -> None:
        super().__init__("vitec", folder, 0.2)
        self.fuse = fuse

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        if not statement.startswith("SELECT"):
            self.fuse.burn()
        return super().execute(statement, parameters)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with super().transaction():
            yield
        self.fuse.burn()


def play(place: Workplace, worker: Worker) -> None:
    """What of the script is not done yet; then whatever is due."""
    while worker.positions[0] < len(SCRIPT):
        worker.write(*SCRIPT[worker.positions[0] :][:2])
        place.clock.seconds += 60
    worker.writer.look()


def test_a_death_at_any_step_leaves_every_change_in_exactly_one_drop(tmp_path: Path) -> None:
    """Before and after each statement, commit and file of two drops: every step of them in turn."""
    steps = 0
    for steps in range(1_000):
        folder = tmp_path / str(steps)
        folder.mkdir()
        place, fuse = Workplace(folder, Clock(), FilesSettings()), Fuse(10**6)
        worker = place.start(partial(CrashingState, fuse=fuse), partial(CrashingFolder, fuse=fuse))
        fuse.left = steps
        try:
            play(place, worker)
        except Crash:
            place.manifests()  # each that is there is whole
            worker.writer.close()
            play(place, place.start())
        else:
            break
        assert place.delivered() == [[1, 2], [3, 4]], f"died at step {steps}"
        assert not list((folder / HIDDEN).glob(f"*{PART}"))
    assert steps > 30, "so many places were tried"


def test_kills_leave_every_change_in_exactly_one_drop(tmp_path: Path) -> None:
    """SIGKILL at random moments. An identity's versions rise from drop to drop, and its last one is there."""
    chance = random.Random(5)
    place = Workplace(tmp_path, Clock(), FilesSettings(rows=30))
    child = [sys.executable, str(Path(__file__).parent.parent / "drops_child.py"), str(tmp_path)]
    for _ in range(3):
        before = len(list(tmp_path.glob("*.manifest.json")))
        with subprocess.Popen(child) as process:
            while len(list(tmp_path.glob("*.manifest.json"))) < before + 5:
                assert process.poll() is None
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.05))
            process.kill()
    worker = place.start()
    for _ in range(3):
        worker.writer.look()
        place.clock.seconds += 60
    versions = defaultdict(list)
    for sequences in place.delivered():
        for sequence in sequences:
            versions[sequence * 7 % 40].append(sequence)
    assert all(some == sorted(set(some)) for some in versions.values())
    last = worker.positions[0]
    assert sorted(some[-1] for some in versions.values()) == list(range(last - 40, last))


def test_a_frozen_worker_that_wakes_shows_nothing(place: Workplace) -> None:
    """Its drop is made by the one that was started since; what it has drafted goes nowhere."""
    asleep = Fuse(10**6)
    frozen = place.start(drop_folder=partial(CrashingFolder, fuse=asleep))
    frozen.write(*SCRIPT[:2])
    asleep.left = 4  # both files are drafted and the number is committed: it freezes before the first is shown
    with pytest.raises(Crash):
        frozen.writer.look()
    other = place.start()
    other.write(*SCRIPT[2:])
    seen = {path: path.read_bytes() for path in place.folder.glob("*.*") if path.is_file()}
    with pytest.raises(Superseded):
        frozen.writer.look()
    assert {path: path.read_bytes() for path in place.folder.glob("*.*") if path.is_file()} == seen
    assert place.delivered() == [[1, 2]]


class Obstructed(DropFolder):
    """Somebody makes a folder where a file is to be, as soon as it is drafted."""

    def __init__(self, folder: Path) -> None:
        super().__init__("vitec", folder)
        self._place = folder

    @contextmanager
    def draft(self, draft: Draft) -> Iterator[BinaryIO]:
        with super().draft(draft) as file:
            yield file
        if draft.name.endswith(".csv"):
            (self._place / draft.name).mkdir(exist_ok=True)


def test_a_file_that_cannot_take_its_place_is_waited_for(place: Workplace) -> None:
    """It is said which, the rows are kept, and it takes its place under the same number once it can."""
    worker = place.start(drop_folder=Obstructed)
    worker.write(*SCRIPT[:2])
    for _ in range(2):
        with pytest.raises(Transient, match=r"vitec: .*meter_values-000000001\.csv: "):
            worker.write(*SCRIPT[2:])
        assert worker.writer.open(TOPIC, [0, 1]).positions == {0: 2, 1: 0}
    worker.writer.close()
    for obstacle in place.folder.glob("*-*"):
        obstacle.rmdir()
    play(place, place.start())
    assert place.delivered() == [[1, 2], [3, 4]]


def test_a_folder_that_is_gone_is_waited_for(tmp_path: Path) -> None:
    """A share that is not mounted: nothing is made in its place."""
    mounted = tmp_path / "share"
    mounted.mkdir()
    place = Workplace(mounted, Clock(), FilesSettings())
    worker = place.start()
    worker.write(*SCRIPT[:2])
    mounted.rename(tmp_path / "away")
    with pytest.raises(Transient, match="no longer the one that was opened"):
        worker.writer.look()
    with pytest.raises(Transient, match="is gone; put it back"):
        worker.writer.open(TOPIC, [0, 1])
    assert not mounted.exists()
    (tmp_path / "away").rename(mounted)
    worker.writer.open(TOPIC, [0, 1])
    play(place, worker)
    assert place.delivered() == [[1, 2], [3, 4]]
