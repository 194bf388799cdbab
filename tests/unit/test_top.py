"""`meterstream top` in a terminal of its own: 80 by 24, with a cluster that is not there."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from operations.command import main

PATIENCE = 60.0


class Terminal:
    """`meterstream top` and whoever sits before it."""

    def __init__(self, config: Path) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.settings = termios.tcgetattr(theirs)
        self._theirs = theirs
        command = [str(Path(sys.executable).with_name("meterstream")), "--config", str(config), "top", "--every", "0.5"]
        environment = {**os.environ, "TERM": "xterm"} | {"COLUMNS": "", "LINES": ""}
        self.child = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        self.shown = ""
        self._readable = select.poll()  # select() knows no descriptor above 1,023, and other tests open many
        self._readable.register(self._ours, select.POLLIN)

    def read_until(self, true: Callable[[str], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not true(self.shown):
            assert time.monotonic() < end, self.shown
            if self._readable.poll(100):
                self.shown += os.read(self._ours, 65_536).decode()

    def press(self, key: bytes) -> None:
        os.write(self._ours, key)

    def is_as_it_was(self) -> bool:
        return termios.tcgetattr(self._theirs) == self.settings

    def close(self) -> None:
        self.child.kill()
        self.child.wait()
        os.close(self._ours)
        os.close(self._theirs)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "meterstream.toml"
    file.write_text('[kafka]\nbootstrap_servers = "127.0.0.1:1"\nrequest_timeout = 0.3\n', "utf-8")
    return file


@pytest.fixture
def terminal(config: Path) -> Iterator[Terminal]:
    terminal = Terminal(config)
    yield terminal
    terminal.close()


@pytest.mark.parametrize("how", ["q", "Ctrl-C"])
def test_it_says_what_is_wrong_goes_on_and_leaves_the_terminal_as_it_was(terminal: Terminal, how: str) -> None:
    terminal.read_until(lambda shown: shown.count("NOT HEALTHY: 1 page") >= 2)
    assert "cluster: Kafka at 127.0.0" in terminal.shown
    if how == "q":
        terminal.press(b"q")
    else:
        terminal.child.send_signal(signal.SIGINT)
    assert terminal.child.wait(PATIENCE) == 0
    assert terminal.is_as_it_was()


def test_without_a_terminal_it_names_the_command_that_needs_none(config: Path) -> None:
    done = CliRunner().invoke(main, ["--config", str(config), "top"])
    assert done.exit_code == 2
    assert done.stderr == "error: top: this is no terminal; for a pipe or a file there is `meterstream status`\n"
