"""Which addresses never leave this machine."""

import ipaddress


def is_loopback(host: str | None) -> bool:
    """Whether a host is this machine by its name or number alone; nothing is looked up."""
    if host is None or host == "localhost":
        return host is not None
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
