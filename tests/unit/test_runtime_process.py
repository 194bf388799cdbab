"""The life of a process, seen from outside: exit codes, signals, health, what it says."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from local.ports import free_port
from runtime.errors import ExitCode
from runtime.process import Stop

PROGRAM = """
import sys, threading, time
from pathlib import Path
from runtime import errors, process

def build(built):
    def drain():
        print("running", flush=True)
        built.health.ready()
        while not built.stop.wait(0.0001):
            built.health.beat()
        print("drained", flush=True)
    def fail():
        raise {
            "fatal": errors.Fatal("lost"), "position": errors.PositionError("behind"),
            "superseded": errors.Superseded("another"), "transient": errors.Transient("down"),
            "defect": ZeroDivisionError("oops"), "late-config": errors.ConfigError(["one", "two"]),
        }[mode]
    def leave():
        threading.Thread(target=time.sleep, args=(60,)).start()
        process.leave(errors.ExitCode.POSITION)
    if mode == "build":
        raise errors.ConfigError(["points.csv:3: no number", "points.csv:7: no number"])
    return {"drain": drain, "leave": leave}.get(mode, fail)

mode, *rest = sys.argv[1:]
config = Path(rest[0]) if rest and rest[0] != "--check-config" else None
sys.exit(process.main(process.Invocation("producer", config, "--check-config" in rest), ("sources",), build))
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts the program in a mode; whatever still runs at the end is killed."""
    root = str(Path(__file__).resolve().parents[2])
    with ExitStack() as stack:

        def run(mode: str, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
            return stack.enter_context(killed(mode, arguments, {"PYTHONPATH": root} | environment, tmp_path))

        yield run


@contextmanager
def killed(
    mode: str, arguments: tuple[str, ...], environment: dict[str, str], folder: Path
) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", PROGRAM, mode, *arguments]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("METERSTREAM__")}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=variables | environment, cwd=folder
    ) as child:
        yield child
        child.kill()


Start = Callable[..., "subprocess.Popen[str]"]


def ended(child: "subprocess.Popen[str]") -> tuple[int, str, str]:
    output, errors = child.communicate(timeout=30)
    return child.returncode, output, errors


@pytest.mark.parametrize(
    ("mode", "code", "said"),
    [
        ("fatal", ExitCode.DEFECT, "stopped: lost"),
        ("position", ExitCode.POSITION, "stopped: behind"),
        ("superseded", ExitCode.SUPERSEDED, "stopped: another"),
        ("transient", ExitCode.DEFECT, "stopped: down"),
        ("defect", ExitCode.DEFECT, "ZeroDivisionError: oops"),
        ("late-config", ExitCode.CONFIG, "error: one\nerror: two\n"),
        ("build", ExitCode.CONFIG, "error: points.csv:3: no number\nerror: points.csv:7: no number\n"),
        ("leave", ExitCode.POSITION, ""),
    ],
)
def test_the_exit_code_says_how_it_ended(start: Start, mode: str, code: ExitCode, said: str) -> None:
    found, _, errors = ended(start(mode))
    assert found == code
    assert said in errors


def test_an_expected_error_has_no_traceback(start: Start) -> None:
    assert "Traceback" not in ended(start("position"))[2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_the_work_in_hand(start: Start, number: signal.Signals) -> None:
    """The loop waits every tenth of a millisecond: a handler that took the event's lock would hang now and then."""
    child = start("drain")
    assert child.stdout is not None
    assert child.stdout.readline() == "running\n"
    child.send_signal(number)
    code, output, errors = ended(child)
    assert (code, output) == (ExitCode.DONE, "drained\n")
    assert number.name in errors


def test_a_check_of_the_settings_runs_nothing(start: Start) -> None:
    assert ended(start("fatal", "--check-config"))[:2] == (ExitCode.DONE, "the configuration is valid\n")


def test_a_check_of_the_settings_builds(start: Start) -> None:
    assert ended(start("build", "--check-config"))[0] == ExitCode.CONFIG


def test_wrong_settings_end_it_before_anything_is_built(start: Start) -> None:
    code, _, errors = ended(start("build", METERSTREAM__TOPICS__PARTITIONS="0", METERSTREAM__X="1"))
    assert code == ExitCode.CONFIG
    assert [line.split(":")[1] for line in errors.splitlines()] == [" topics.partitions", " x"]


def test_the_file_of_the_current_folder_is_the_default(start: Start, tmp_path: Path) -> None:
    tmp_path.joinpath("meterstream.toml").write_text("[metrics]\nport = 'x'\n")
    assert "metrics.port" in ended(start("drain"))[2]


def test_it_serves_its_health_while_it_runs(start: Start) -> None:
    port = free_port()
    child = start("drain", METERSTREAM__METRICS__PORT=str(port))
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(0.05)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
        assert answer.status == 200
    child.terminate()
    assert ended(child)[0] == ExitCode.DONE


def test_whoever_waits_for_a_stop_is_woken() -> None:
    stop = Stop()
    threading.Timer(0.05, stop.request).start()
    began = time.monotonic()
    assert stop.wait(30.0)
    assert time.monotonic() - began < 5
    assert stop.requested
    assert stop.wait(0.0)


def test_calls_are_made_at_the_request_or_at_once_where_it_came_before() -> None:
    stop, called = Stop(), []
    stop.call(lambda: called.append("registered"))
    assert called == []
    stop.request()
    stop.call(lambda: called.append("late"))
    assert called == ["registered", "late"]
