"""The command: everything that is wrong is said together, before anything starts."""

import subprocess
import sys
from pathlib import Path

import pytest

GOOD = """
[receivers.vitec]
database = "sqlite"
path = "vitec.sqlite"
points = "points.csv"

[receivers.other]
database = "postgresql"
dsn = { env = "NO_SUCH_VARIABLE_HERE" }
points = "missing.csv"
"""


def sinks(folder: Path, settings: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "meterstream.toml").write_text(settings)
    command = [sys.executable, "-m", "sinks", "--config", str(folder / "meterstream.toml"), "--check-config", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_a_valid_configuration_is_said_to_be(tmp_path: Path) -> None:
    """Of the other receivers nothing is asked, not even their form."""
    (tmp_path / "points.csv").write_text("metering_point,category\n1,\n")
    done = sinks(tmp_path, GOOD + "colour = 1\n", "--receiver", "vitec", "--share", "2/3")
    assert (done.returncode, done.stdout) == (0, "the configuration is valid\n"), done.stderr
    assert not (tmp_path / "vitec.sqlite").exists(), "checking touches nothing"


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        pytest.param(("", ""), ["--receiver", "nobody"], ["there are: vitec, other"], id="unknown receiver"),
        pytest.param(
            ("", ""),
            ["--receiver", "other"],
            ["environment variable NO_SUCH_VARIABLE_HERE is not set", "missing.csv is not a readable file"],
            id="secret and file, both",
        ),
        pytest.param(
            ('path = "vitec.sqlite"', 'path = "no/such/place.sqlite"'),
            ["--receiver", "vitec"],
            ["points.csv:2: 1 cells", "points.csv:3: the metering point is empty", "there is no directory"],
            id="points and path, both",
        ),
        pytest.param(('path = "vitec.sqlite"\n', ""), ["--receiver", "vitec"], ["needs path"], id="no path"),
        pytest.param(
            ('path = "vitec.sqlite"\n', 'path = "x"\ncolour = 1\n'),
            ["--receiver", "vitec"],
            ["colour: unknown setting"],
            id="unknown setting",
        ),
        pytest.param(("", ""), ["--receiver", "vitec", "--share", "3/2"], ["no share"], id="a share of nothing"),
        pytest.param(
            ('{ env = "NO_SUCH_VARIABLE_HERE" }\npoints = "missing.csv"', '"secret word=="\npoints = "points.csv"'),
            ["--receiver", "other"],
            ["receivers.other.dsn: not a connection string", "points.csv:2"],
            id="a dsn that is none",
        ),
    ],
)
def test_every_problem_is_said_together(
    tmp_path: Path, change: tuple[str, str], options: list[str], said: list[str]
) -> None:
    (tmp_path / "points.csv").write_text("metering_point,category\n1\n,EL\n")
    done = sinks(tmp_path, GOOD.replace(*change), *options)
    assert done.returncode == 2
    for text in said:
        assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret word" not in done.stderr


def test_one_receiver_or_all_of_them(tmp_path: Path) -> None:
    for options in ([], ["--all", "--receiver", "vitec"]):
        done = sinks(tmp_path, GOOD, *options)
        assert (done.returncode, "give --receiver NAME, or --all" in done.stderr) == (2, True)


def test_every_problem_of_every_receiver_is_said_together(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("metering_point,category\n1\n,EL\n")
    done = sinks(tmp_path, GOOD + "colour = 1\n", "--all")
    assert done.returncode == 2
    for text in (
        "points.csv:2: 1 cells",
        "points.csv:3: the metering point is empty",
        "receivers.other.colour: unknown setting",
        "NO_SUCH_VARIABLE_HERE is not set",
        "missing.csv is not a readable file",
    ):
        assert done.stderr.count(text) == 1, done.stderr
