"""The commands of the README and of the operations handbook, run as a person would. One that none runs fails here."""

import json
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner, Result

from local.postgres import binaries
from local.process import ServiceError
from local.prometheus import PrometheusServer, Scraping
from local.prometheus_programs import program
from operations.command import main
from tests.boards import BOARDS, queries, quick_rules, unanswered

pytestmark = pytest.mark.services

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
HANDBOOK = (ROOT / "docs" / "operations.md").read_text("utf-8")
UP = ROOT / ".run" / "up"
PANELS_SECONDS = 120.0
"""For a machine much slower than ours: here it takes less than 20."""


def commands(page: str = README) -> list[str]:
    """Every line of every ``sh`` block, without its comment."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
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
    "meterstream observe": "test_each_process_runs_by_itself",
}


NOT_HERE = {"useradd", "python3", "pip", "install", "systemctl", "sqlite3", "mariadb", "mariadb-dump", "cp"}
"""Programs of the handbook that want root, a machine of their own or another database; their files are looked up."""


ELSEWHERE = {
    "meterstream reprocess --from 1 --dry-run": "tests/integration/test_reprocess.py",
    "meterstream reprocess --from 1": "tests/integration/test_reprocess.py",
}
"""What wants settings of its own."""


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


@pytest.fixture(scope="module")
def prometheus(running: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer | None]:
    """Scrapes every process of `make up` each second, and evaluates the rules; None where it is not installed."""
    directory = tmp_path_factory.mktemp("prometheus")
    jobs: dict[str, list[str]] = {}
    for group in json.loads((UP / "targets.json").read_text("utf-8")):
        jobs.setdefault(group["labels"]["job"], []).extend(group["targets"])
    try:
        program("prometheus")
    except ServiceError:
        yield None
    else:
        with PrometheusServer(directory, Scraping(jobs=jobs, rules=quick_rules(directory))) as server:
            yield server


@pytest.fixture
def here(prometheus: PrometheusServer | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder in which a file ``meterstream.toml`` lies, as the pages have it. Prometheus watches meanwhile."""
    monkeypatch.chdir(UP)


def test_the_commands_of_a_real_installation(here: None) -> None:
    for command in [one for one in commands() if RUN[one] == "test_the_commands_of_a_real_installation"]:
        done = run_here(*shlex.split(command)[1:])
        ends = (0, NOT_HEALTHY) if command == "meterstream status" else (0,)
        assert done.exit_code in ends, f"{command}: {done.output}"


def test_the_commands_of_the_handbook(here: None) -> None:
    """Those of the product, and PostgreSQL's own for its backup and restore, while values flow."""
    until_all_are_ready()
    environment = {"PATH": f"{binaries()}:{os.environ['PATH']}", "DSN": Path("secrets/vitec.dsn").read_text("utf-8")}
    for command in dict.fromkeys(commands(HANDBOOK)):
        program, *rest = shlex.split(command)
        if program == "meterstream" and command not in (*RUN, *ELSEWHERE):
            done = run_here(*rest)
            assert done.exit_code == 0, f"{command}: {done.output}"
        elif program.startswith("pg_"):
            subprocess.run(["sh", "-c", command], env={**os.environ, **environment}, check=True, timeout=60)


def until_all_are_ready() -> None:
    end = time.monotonic() + 60
    while not all(process["ready"] for process in json.loads(run_here("status", "--json").stdout)["processes"]):
        assert time.monotonic() < end, run_here("status").stdout
        time.sleep(0.2)


def run_here(*arguments: str) -> Result:
    """Runs the command in this process, which is faster than in another; test_command.py runs the installed one."""
    return CliRunner().invoke(main, arguments)


def test_what_the_handbook_s_other_commands_name_is_there() -> None:
    assert set(ELSEWHERE) <= set(commands(HANDBOOK))
    assert all((ROOT / test).exists() for test in ELSEWHERE.values())
    for command in commands(HANDBOOK):
        program, *rest = shlex.split(command)
        if program == "meterstream" or program.startswith("pg_"):
            continue
        assert Path(program).name in NOT_HERE, command
        for word in rest:
            if word.startswith(("deploy/", "requirements/")) or word.endswith(".example.toml"):
                assert (ROOT / word).exists(), command
            if Path(program).name == "systemctl" and word.startswith("meterstream-"):
                assert (ROOT / "deploy" / "systemd" / re.sub(r"@\d+$", "@", f"{word}")).with_suffix(".service").exists()


def test_each_process_runs_by_itself(running: None) -> None:
    """Each in its own right, beside those of `make up`, until it serves and is told to stop."""
    for command in [one for one in commands() if RUN[one] == "test_each_process_runs_by_itself" and "sinks" not in one]:
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


def test_every_panel_of_the_dashboards_has_data(prometheus: PrometheusServer | None) -> None:
    """Each query of each board, for every source and receiver that can be chosen."""
    if prometheus is None:
        pytest.skip("no Prometheus: python -m local.prometheus_programs brings one")
    since, end = time.time(), time.monotonic() + PANELS_SECONDS
    missing = [asked for name in BOARDS for asked in queries(name)]
    while (missing := unanswered(prometheus, missing, since)) and time.monotonic() < end:
        time.sleep(1.0)
    assert not missing, "\n".join(map(str, missing))


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
