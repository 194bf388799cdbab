"""``--check-config`` of the `meterstream` command: the settings, and nothing else."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from operations.command import main

COMMANDS = ("topics create", "topics verify", "status", "observe")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_settings_are_checked_and_no_cluster_is_asked(command: str, tmp_path: Path) -> None:
    config = tmp_path / "meterstream.toml"
    config.write_text('[kafka]\nbootstrap_servers = "127.0.0.1:1"\n', "utf-8")
    done = CliRunner().invoke(main, ["--config", str(config), *command.split(), "--check-config"])
    assert (done.exit_code, done.output) == (0, "the configuration is valid\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_problem_is_reported(command: str, tmp_path: Path) -> None:
    config = tmp_path / "meterstream.toml"
    config.write_text('[kafka]\nbootstrap = "a:1"\n[topics]\npartitions = "many"\n', "utf-8")
    done = CliRunner().invoke(main, ["--config", str(config), *command.split(), "--check-config"])
    assert done.exit_code == 2
    assert "kafka.bootstrap: unknown setting" in done.output
    assert "topics.partitions" in done.output
