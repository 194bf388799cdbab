"""The README's commands, run as a new user would. A command that no test runs fails here too."""

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.services

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
UP = ROOT / ".run" / "up"


def commands() -> list[str]:
    """Every line of every ``sh`` block, without its comment."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    return [
        line.split("  #")[0].split(";")[0].strip() for block in blocks for line in block.splitlines() if line.strip()
    ]


NOT_HEALTHY = 1
"""How `meterstream status` ends while the simulated utility's broken readings are open dead letters."""

RUN = {
    "make demo": "test_make_demo_ends_with_equal_tables",
    "make up": "running",
    "make test": "this is it",
    "meterstream config check": "test_the_commands_of_a_real_installation",
    "meterstream topics create": "test_the_commands_of_a_real_installation",
    "meterstream topics verify": "test_the_commands_of_a_real_installation",
    "meterstream status": "test_the_commands_of_a_real_installation",
    "meterstream plan --points 10000 --granularity hour": "test_the_commands_of_a_real_installation",
    "python -m producer": "test_each_process_runs_by_itself",
    "python -m streams": "test_each_process_runs_by_itself",
    "python -m sinks --all": "test_each_process_runs_by_itself",
}


def test_each_command_of_the_readme_is_run_by_a_test() -> None:
    assert set(commands()) == set(RUN)


def test_make_demo_ends_with_equal_tables() -> None:
    done = subprocess.run(["make", "demo"], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for receiver in ("vitec", "momentum"):
        assert re.search(rf"^{receiver}: equal: [1-9]", done.stdout, flags=re.MULTILINE), done.stdout[-3000:]


@pytest.fixture(scope="module")
def running() -> Iterator[None]:
    """`make up`, stopped with Ctrl-C; leaves nothing."""
    process = subprocess.Popen(
        ["make", "up"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    shown = [""]
    assert process.stdout is not None
    while "logs " not in shown[-1]:
        shown.append(process.stdout.readline())
        assert process.poll() is None, "".join(shown)
    pids = children(process.pid)
    yield
    os.killpg(process.pid, signal.SIGINT)  # as a terminal sends Ctrl-C
    rest, _ = process.communicate(timeout=60)
    assert "nothing is left running" in rest
    assert not [pid for pid in pids if alive(pid)]


def test_the_commands_of_a_real_installation(running: None) -> None:
    for command in [one for one in commands() if one.startswith("meterstream ")]:
        done = in_up(command)
        ends = (0, NOT_HEALTHY) if command == "meterstream status" else (0,)
        assert done.returncode in ends, f"{command}: {done.stdout}{done.stderr}"


def test_each_process_runs_by_itself(running: None) -> None:
    """Each in its own right, beside those of `make up`, until it serves and is told to stop."""
    for command in [one for one in commands() if one.startswith("python ") and "sinks" not in one]:
        process = subprocess.Popen(words(command), cwd=UP, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        said = ""
        while "serving health" not in said:
            said += process.stderr.readline()
            assert process.poll() is None, said
        process.terminate()
        _, rest = process.communicate(timeout=60)
        assert process.returncode == 0, said + rest[-3000:]
    for which in ("--all", "--receiver vitec", "--receiver momentum"):  # run, they would take their places
        done = in_up(f"python -m sinks {which} --check-config")
        assert done.returncode == 0, done.stderr


def in_up(command: str) -> subprocess.CompletedProcess[str]:
    """Runs a command where a file ``meterstream.toml`` lies, as the README has it."""
    return subprocess.run(words(command), cwd=UP, capture_output=True, text=True, timeout=60, check=False)


def words(command: str) -> list[str]:
    """The command's words, its program taken from the project's virtual environment."""
    program, *rest = shlex.split(command)
    return [str(ROOT / ".venv" / "bin" / program), *rest]


def children(pid: int) -> list[int]:
    """The processes below one, at every depth."""
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def alive(pid: int) -> bool:
    return bool(psutil.pid_exists(pid))
