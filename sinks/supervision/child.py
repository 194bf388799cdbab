"""One worker as a process of its own, which says at which address it serves."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sinks.supervision.roster import Place

OWN_PORT = "METERSTREAM__METRICS__PORT"
"""A worker takes any free port: the one of the settings is the supervisor's."""


class Child:
    """A worker that was started. It has a session of its own: Ctrl-C in a terminal reaches the supervisor alone."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        """Starts it. ``--announce N`` is added: where it writes its address."""
        read, write = os.pipe()
        os.set_blocking(read, False)
        self._pipe = os.fdopen(read, "rb")
        self._said = b""
        try:
            self._process = subprocess.Popen(  # noqa: S603  # our own command
                [*command, "--announce", str(write)],
                stdin=subprocess.DEVNULL,
                env=dict(environment) | {OWN_PORT: "0"},
                pass_fds=[write],
                start_new_session=True,
            )
        finally:
            os.close(write)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """How it ended (a signal is negative); None: it runs."""
        return self._process.poll()

    def address(self) -> str | None:
        """Where it serves its metrics and health; None: it does not yet."""
        if not self._pipe.closed and (more := self._pipe.read()):
            self._said += more
        return self._said.decode("ascii").strip() if self._said.endswith(b"\n") else None

    def end(self) -> None:
        """Asks it to finish what it has in hand and end. Returns at once."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it as a crash would; nothing is lost by it. Returns at once."""
        self._send(signal.SIGKILL)

    def close(self) -> None:
        """Lets go of it; it must have ended."""
        self._pipe.close()
        self._process.wait()

    def _send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(number)


def command(place: Place, file: Path | None) -> list[str]:
    """What starts a worker of these settings."""
    config = [] if file is None else ["--config", str(file)]
    return [sys.executable, "-m", "sinks", "--receiver", place.receiver, "--stage", place.stage, *config]
