"""One child process of a local service: started in a session of its own, awaited, stopped by its pid."""

import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runtime.errors import MeterstreamError

TAIL_BYTES = 65_536
TAIL_LINES = 25
PROBE_PAUSE_SECONDS = 0.05


class ServiceError(MeterstreamError):
    """A local service did not start or did not do what was asked; the message holds its log's last lines."""


@dataclass(frozen=True)
class Service:
    """What a service process is, whoever starts it.

    Attributes:
        name: The service's name in messages.
        log: The file to which standard output and error are appended.
        stop_signal: The signal that asks it to end in order.
        user: The system user it runs as; None: the one we are.
    """

    name: str
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    user: str | None = None

    @property
    def group(self) -> int | None:
        """The group that goes with `user`."""
        return pwd.getpwnam(self.user).pw_gid if self.user else None

    @property
    def extra_groups(self) -> tuple[int, ...] | None:
        """No further groups for another user: root's own would stay otherwise."""
        return () if self.user else None


class ServiceProcess:
    """A running (or ended) service.

    It has a session of its own: Ctrl-C in a terminal reaches whoever supervises it, who then decides the order.
    """

    def __init__(self, service: Service, command: Sequence[str], environment: Mapping[str, str] | None = None):
        self.service = service
        with service.log.open("ab") as log:
            self._log_start = log.tell()
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
                user=service.user,
                group=service.group,
                extra_groups=service.extra_groups,
            )

    @property
    def pid(self) -> int:
        """The process id, also after its end."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether the process still runs (a stopped one, SIGSTOP, does)."""
        return self._child.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How it ended (a signal is negative); None while it runs."""
        return self._child.poll()

    def wait_ready(self, probe: Callable[[], bool], within: float) -> None:
        """Waits until `probe` says yes.

        Args:
            probe: Asks the service; False means not yet. Must itself return within about a second.
            within: Seconds to wait in all.

        Raises:
            ServiceError: The process ended, or the time passed.

        Whatever is raised, Ctrl-C too: the process is killed first.
        """
        try:
            self._wait_ready(probe, within)
        except BaseException:  # Ctrl-C too: nobody would know of the process
            self.kill()
            raise

    def _wait_ready(self, probe: Callable[[], bool], within: float) -> None:
        end = time.monotonic() + within
        while not probe():
            if not self.alive:
                raise self._failure(f"ended with code {self._child.returncode} before it was ready")
            if time.monotonic() > end:
                raise self._failure(f"was not ready within {within:g} s")
            time.sleep(PROBE_PAUSE_SECONDS)
        if not self.alive:
            raise self._failure("ended while another process answered in its place; is its port taken?")

    def stop(self, within: float = 20.0) -> None:
        """Asks it to end, waits that many seconds, then kills it. Returns when it is gone."""
        if self.alive:
            self._child.send_signal(self.service.stop_signal)
        try:
            self._child.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL, as a crash. Returns when it is gone."""
        self._child.kill()
        self._child.wait()

    def send(self, number: signal.Signals) -> None:
        """Sends a signal; nothing happens where the process has ended already."""
        self._child.send_signal(number)

    def _failure(self, what: str) -> ServiceError:
        tail = log_tail(self.service.log, self._log_start)
        return ServiceError(f"{self.service.name} {what}. The end of {self.service.log}:\n{tail}")


def log_tail(log: Path, start: int = 0) -> str:
    """The last lines of a log file, nothing before the byte `start`, and no frames of Java's stacks.

    One exception has more frames than a tail has lines: they would leave no room for what it says.
    """
    with log.open("rb") as lines:
        size = lines.seek(0, 2)
        lines.seek(max(start, size - TAIL_BYTES))
        text = lines.read().decode(errors="replace")
    told = [line for line in text.splitlines() if not line.startswith("\tat ")]
    return "\n".join(told[-TAIL_LINES:]) or "(nothing was written)"
