"""Free TCP ports on loopback for the services of one machine."""

import fcntl
import os
import random
import socket
import tempfile
from functools import cache
from pathlib import Path

from local.process import ServiceError

# Below the range from which systems take the ports of outgoing connections (32768 on Linux, 49152 elsewhere):
# a port from that range may be taken by a client between our look and the service's start, seconds later.
FIRST, LAST = 20_000, 32_000
TRIES = 200


def free_port() -> int:
    """Returns a port of 127.0.0.1 on which nothing listens now, and which is this process's for as long as it lives.

    Another process of this user is not given it meanwhile, also while its service is stopped between two starts.

    Raises:
        OSError: Two hundred tries found none.
    """
    for _ in range(TRIES):
        port = random.randint(FIRST, LAST)
        if port not in _reserved() and _is_free(port) and _reserve(port):
            return port
    raise OSError(f"no free TCP port found between {FIRST} and {LAST} on 127.0.0.1 in {TRIES} tries")


@cache
def _reserved() -> dict[int, int]:
    """This process's ports, and the open files whose locks say so to the others; its end lets go of them."""
    return {}


def _reserve(port: int) -> bool:
    folder = Path(tempfile.gettempdir()) / f"meterstream-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = os.open(folder / str(port), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return False
    _reserved()[port] = file
    return True


def require_free(port: int) -> None:
    """Does nothing where the port is free.

    Raises:
        ServiceError: Something listens there: the service could not start, and its answers would be mistaken.
    """
    if not _is_free(port):
        raise ServiceError(f"port {port} of 127.0.0.1 is taken: stop what listens there, or choose another")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port with only ended connections (TIME_WAIT) counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
