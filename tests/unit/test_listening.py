"""The look at listening sockets sees them; so a process that listens where it must not would be seen."""

import os
import socket

import pytest
from prometheus_client import CollectorRegistry

from runtime.health import Health, HealthServer
from runtime.settings.system import MetricsSettings
from tests.listening import beyond_loopback, listening


@pytest.mark.parametrize(("host", "beyond"), [("127.0.0.1", False), ("0.0.0.0", True)])
def test_a_listening_socket_is_seen(host: str, beyond: bool) -> None:
    with socket.create_server((host, 0)) as listener:
        address = listener.getsockname()
        assert address in listening(os.getpid())
        assert (address in beyond_loopback(listening(os.getpid()))) is beyond


@pytest.mark.parametrize("host", ["::", "1.2.3.4", "::ffff:1.2.3.4"])
def test_what_is_not_loopback_is_beyond_it(host: str) -> None:
    assert beyond_loopback([(host, 1), ("127.0.0.1", 2), ("::1", 3), ("::ffff:127.0.0.1", 4)]) == [(host, 1)]


def test_health_is_served_on_loopback_unless_told_otherwise() -> None:
    for settings, host in ((MetricsSettings(), "127.0.0.1"), (MetricsSettings(host="0.0.0.0"), "0.0.0.0")):
        before = listening(os.getpid())
        server = HealthServer(settings, CollectorRegistry(), Health())
        assert listening(os.getpid()) - before == {(host, server.port)}
        server.close()
