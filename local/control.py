"""The control socket of a running local system: who may open it may have the system broken.

A request is one JSON line, ``{"seed": 1, "kinds": "*", "seconds": 40, "faults": 12}``; the answer is JSON lines,
``{"say": text}`` for people, and at the end ``{"passed": true}``.
"""

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import msgspec

from local.chaos.catalogue import kinds
from local.chaos.command import tell
from local.chaos.course import Course
from local.chaos.fault import Kind
from local.chaos.schedule import Size, draw
from local.system import LocalSystem

FOLDER, NAME = "control", "socket"


class Order(msgspec.Struct, forbid_unknown_fields=True):
    """What is asked for; see :mod:`local.chaos.command`."""

    seed: int = 1
    kinds: str = "*"
    seconds: float = Size.seconds
    faults: int = Size.plain


@contextmanager
def controlled(system: LocalSystem) -> Iterator[Path]:
    """Inside, the system listens on a socket that only its own user can open."""
    folder = system.options.directory / FOLDER  # as it was given: an absolute path may be too long for a socket
    folder.mkdir(mode=0o700)
    path = folder / NAME
    with _Server(str(path), system) as server:
        path.chmod(0o600)
        thread = Thread(target=server.serve_forever, args=(0.1,), name="control", daemon=True)
        thread.start()
        yield path
        server.shutdown()
        thread.join()


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False  # Ctrl-C ends a run that is under way

    def __init__(self, path: str, system: LocalSystem) -> None:
        super().__init__(path, _Handler)
        self.system = system
        self.busy = Lock()


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Serves one request; nothing but one run at a time."""
        server = self.server
        assert isinstance(server, _Server)  # noqa: S101 - tells the type checker which server this is
        if not server.busy.acquire(blocking=False):
            self._refuse("a chaos run is under way here; wait for its end")
            return
        try:
            self._run(server.system)
        except (ValueError, msgspec.DecodeError) as error:
            self._refuse(str(error))
        finally:
            server.busy.release()

    def _run(self, system: LocalSystem) -> None:
        order = msgspec.json.decode(self.rfile.readline(), type=Order)
        size = Size(seconds=order.seconds, plain=order.faults, alone=Size.alone if order.faults >= Size.plain else 0)
        schedule = draw(order.seed, [kind for kind in kinds(order.kinds) if possible(kind, system)], size)
        self._say("\n".join(schedule.lines()))
        record = Course(system, schedule, self._say).run()
        tell(record, self._say)
        self._send({"passed": record.passed})

    def _say(self, line: str) -> None:
        self._send({"say": line})

    def _refuse(self, why: str) -> None:
        self._say(f"error: {why}")
        self._send({"passed": False})

    def _send(self, message: dict[str, Any]) -> None:
        """Whoever asked may have gone: the run goes on, so that all is healed."""
        with suppress(OSError):
            self.wfile.write(msgspec.json.encode(message) + b"\n")


def possible(kind: Kind, system: LocalSystem) -> bool:
    """Whether a system has what a kind of fault strikes."""
    options = system.options
    return kind.brokers <= options.brokers and (kind.family != "network" or options.proxied)
