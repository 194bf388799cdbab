"""The supervisor on real processes: starts again what ends, waits longer each time, leaves nothing behind."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from local.process import Service, ServiceError
from local.supervisor import Program, Supervisor
from runtime.retry import Backoff

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(60)",
]


def program(folder: Path, command: list[str], name: str = "one", drain: float = 5.0) -> Program:
    return Program(Service(name, folder / f"{name}.log"), command, drain_seconds=drain)


def supervisor() -> Supervisor:
    return Supervisor(Backoff(initial=0.05, maximum=0.2, chance=Random(1)))


def until(condition: Callable[[], bool], watched: Supervisor) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "the condition did not come true within 10 s"
        watched.tick()
        time.sleep(0.02)


def test_a_killed_process_is_started_again_under_another_pid(tmp_path: Path) -> None:
    watched = supervisor()
    watched.start(program(tmp_path, SLEEP))
    first = watched.process("one").pid
    watched.process("one").kill()
    until(lambda: watched.states()[0].restarts == 1, watched)
    state = watched.states()[0]
    watched.stop()
    assert state.alive
    assert state.pid != first


def test_a_process_that_keeps_failing_is_told_with_its_exit_code_and_when_it_comes_again(tmp_path: Path) -> None:
    watched = supervisor()
    watched.start(program(tmp_path, [sys.executable, "-c", "raise SystemExit(71)"]))
    until(lambda: watched.states()[0].restart_in is not None, watched)
    state = watched.states()[0]
    until(lambda: watched.states()[0].restarts == 2, watched)
    watched.stop()
    assert state.exit_code == 71


def test_stop_ends_all_even_one_that_ignores_sigterm(tmp_path: Path) -> None:
    watched = supervisor()
    watched.start(program(tmp_path, SLEEP, "gentle"))
    watched.start(program(tmp_path, STUBBORN, "stubborn", drain=0.3))
    until(lambda: (tmp_path / "stubborn.log").read_text() == "on\n", watched)
    pids = [state.pid for state in watched.states()]
    watched.stop()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_nothing_is_started_after_stop(tmp_path: Path) -> None:
    watched = supervisor()
    watched.stop()
    with pytest.raises(ServiceError, match="being stopped"):
        watched.start(program(tmp_path, SLEEP))


def test_a_held_program_stays_ended_until_it_is_let_go(tmp_path: Path) -> None:
    watched = supervisor()
    watched.start(program(tmp_path, SLEEP))
    with watched.held("one"):
        watched.process("one").kill()
        until(lambda: watched.states()[0].restart_in == 0, watched)
        watched.tick()
        assert not watched.states()[0].alive
    until(lambda: watched.states()[0].alive, watched)
    state = watched.states()[0]
    watched.stop()
    assert state.exits == (-9,)


def test_a_removed_program_is_gone_and_not_started_again(tmp_path: Path) -> None:
    watched = supervisor()
    watched.start(program(tmp_path, SLEEP))
    pid = watched.process("one").pid
    watched.remove("one")
    watched.tick()
    assert watched.states() == []
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
