"""Where processes listen, as the system itself says."""

import ipaddress
from collections.abc import Iterable

import psutil

Address = tuple[str, int]


def listening(pid: int) -> set[Address]:
    """Host and port of every TCP socket that a process or a child of it listens on."""
    process = psutil.Process(pid)
    return {
        (connection.laddr.ip, connection.laddr.port)
        for one in (process, *process.children(recursive=True))
        for connection in one.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }


def beyond_loopback(addresses: Iterable[Address]) -> list[Address]:
    """Those that other machines may reach; an IPv4 address counts as what it is, however an IPv6 socket writes it."""
    return [(host, port) for host, port in addresses if not _is_loopback(host)]


def _is_loopback(host: str) -> bool:
    address = ipaddress.ip_address(host)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
