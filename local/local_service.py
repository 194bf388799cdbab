"""What every service of this machine has in common once it is started: its process, and how it is ended."""

from abc import ABC, abstractmethod
from typing import Self

from local.process import ServiceProcess

STOP_SECONDS = 20.0


class LocalService(ABC):
    """A service that runs as one process of ours. As a context manager: started, and stopped at the end."""

    _process: ServiceProcess | None = None

    @property
    def pid(self) -> int:
        """The id of the process that this object started last; 0 before."""
        return self._process.pid if self._process else 0

    @property
    def alive(self) -> bool:
        """Whether the process that this object started runs."""
        return self._process is not None and self._process.alive

    @abstractmethod
    def start(self) -> None:
        """Starts the service and waits until it answers. Does nothing if it runs."""

    def stop(self) -> None:
        """Ends the service in order (its stop signal; SIGKILL after 20 s). Returns when it is gone."""
        if self._process:
            self._process.stop(STOP_SECONDS)

    def kill(self) -> None:
        """Ends the service as a crash would (SIGKILL). Returns when it is gone."""
        if self._process:
            self._process.kill()

    def __enter__(self) -> Self:
        """Starts it."""
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stops it."""
        self.stop()
