"""Ports for services: a system of three brokers behind proxies takes dozens before the first of them is used."""

import subprocess
import sys

from local.ports import free_port


def test_no_port_is_given_twice() -> None:
    """Drawn blindly, 400 of 12,000 would hold the same one twice almost surely."""
    ports = [free_port() for _ in range(400)]
    assert len(set(ports)) == 400


def test_no_port_of_a_living_process_is_given_to_another_one() -> None:
    """Not even while nothing listens on it: its service may be between two starts."""
    script = "from local.ports import free_port\nprint(*(free_port() for _ in range(400)), flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin and other.stdout
        theirs = set(map(int, other.stdout.readline().split()))
        ours = {free_port() for _ in range(400)}
        other.stdin.close()
    assert len(theirs) == 400
    assert not ours & theirs
