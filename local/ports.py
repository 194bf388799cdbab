"""Free TCP ports on loopback for the services of one machine."""

import random
import socket
from functools import cache

from local.process import ServiceError

# Below the range from which systems take the ports of outgoing connections (32768 on Linux, 49152 elsewhere):
# a port from that range may be taken by a client between our look and the service's start, seconds later.
FIRST, LAST = 20_000, 32_000
TRIES = 200


def free_port() -> int:
    """Returns a port of 127.0.0.1 on which nothing listens now, never one that this process was given before.

    Chosen at random, so that several test processes on one machine do not reach for the same one.

    Raises:
        OSError: Two hundred tries found none.
    """
    for _ in range(TRIES):
        port = random.randint(FIRST, LAST)
        if port not in _given() and _is_free(port):
            _given().add(port)
            return port
    raise OSError(f"no free TCP port found between {FIRST} and {LAST} on 127.0.0.1 in {TRIES} tries")


@cache
def _given() -> set[int]:
    """The ports that were chosen: a service that is to listen on one may not have started yet."""
    return set()


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
