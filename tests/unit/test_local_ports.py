"""Ports for services: a system of three brokers behind proxies takes dozens before the first of them is used."""

from local.ports import free_port


def test_no_port_is_given_twice() -> None:
    """Drawn blindly, 600 of 12,000 would hold the same one twice almost surely."""
    ports = [free_port() for _ in range(600)]
    assert len(set(ports)) == 600
