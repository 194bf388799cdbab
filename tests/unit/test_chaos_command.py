"""`meterstream chaos` and the socket of the local system that it talks to."""

import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from local.chaos.catalogue import kinds
from local.control import controlled, possible
from local.options import Options
from local.system import LocalSystem
from operations.command import main


@pytest.fixture
def system() -> Iterator[LocalSystem]:
    """One that is not started; in a directory with a short name, as a socket needs it."""
    with tempfile.TemporaryDirectory(prefix="ms") as directory:
        yield LocalSystem(Options(Path(directory)))


def chaos(path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["chaos", "--socket", str(path), *arguments])


def test_without_a_local_system_it_says_how_to_start_one(tmp_path: Path) -> None:
    result = chaos(tmp_path / "socket")
    assert result.exit_code == 70
    assert "start one with `make up`" in result.output


def test_what_the_local_system_refuses_is_said_and_is_a_failure(system: LocalSystem) -> None:
    with controlled(system) as path:
        result = chaos(path, "--kinds", "no such thing")
        assert result.exit_code == 1
        assert "error: no kind of fault matches 'no such thing'" in result.output
        assert chaos(path, "--kinds", "nor this").exit_code == 1, "it serves one after another"


def test_nobody_else_can_open_the_socket(system: LocalSystem) -> None:
    with controlled(system) as path:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_system_without_proxies_and_with_one_broker_is_spared_what_needs_them(system: LocalSystem) -> None:
    spared = [kind for kind in kinds() if not possible(kind, system)]
    assert {kind.family for kind in spared if kind.brokers == 1} == {"network"}
    assert any(kind.family == "process" for kind in kinds() if possible(kind, system))
