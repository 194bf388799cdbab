"""Prometheus' programs: prometheus, promtool, amtool.

    python -m local.prometheus_programs    brings what this system lacks (Debian and its relatives; 30 MiB, once)

The packages are unpacked into `.cache/prometheus` and not installed: none of their scripts runs, no service is
started, no root is needed. apt checks them as it does any. METERSTREAM_CACHE names another directory for `.cache`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from local.process import ServiceError

PACKAGES = {"prometheus": "prometheus", "promtool": "prometheus", "amtool": "prometheus-alertmanager"}
"""Which package brings which program."""
SECONDS = 120.0


def program(name: str) -> Path:
    """Where a program is: on the PATH, or in the cache.

    Raises:
        ServiceError: In neither; the message says how to get it.
    """
    cached = cache() / "usr" / "bin" / name
    found = shutil.which(name) or (str(cached) if cached.exists() else None)
    if found is None:
        raise ServiceError(
            f"{name} is not installed: python -m local.prometheus_programs unpacks Debian's into {cache()}; "
            "elsewhere put one on the PATH"
        )
    return Path(found)


def cache() -> Path:
    """The directory of unpacked packages; it need not exist."""
    default = Path(__file__).resolve().parent.parent / ".cache"
    return Path(os.environ.get("METERSTREAM_CACHE") or default).absolute() / "prometheus"


def fetch() -> None:
    """Brings what is missing into the cache. Does nothing where every program is to be had.

    Raises:
        ServiceError: This is no Debian, or its packages cannot be had.
    """
    missing = {PACKAGES[name] for name in PACKAGES if not _there(name)}
    if not missing:
        return
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise ServiceError(f"{', '.join(sorted(missing))}: no apt-get here; put prometheus and promtool on the PATH")
    cache().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache().parent) as temporary:
        directory, unpacked = Path(temporary), Path(temporary, "unpacked")
        _download(sorted(missing), directory)
        for package in directory.glob("*.deb"):
            _run(["dpkg-deb", "-x", str(package), str(unpacked)], directory)
        (cache() / "usr" / "bin").mkdir(parents=True, exist_ok=True)
        for name in PACKAGES:
            made = unpacked / "usr" / "bin" / name
            if made.exists():
                made.replace(cache() / "usr" / "bin" / name)  # whole or not at all, whoever else brings it


def _there(name: str) -> bool:
    try:
        program(name)
    except ServiceError:
        return False
    return True


def _download(packages: Sequence[str], directory: Path) -> None:
    """By the lists that this system has; where it has none, by lists of our own."""
    try:
        _run(["apt-get", "-q", "download", *packages], directory)
    except ServiceError:
        lists = directory / "lists"
        (lists / "partial").mkdir(parents=True)
        ours = ["-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={directory}", "-o", "APT::Sandbox::User="]
        _run(["apt-get", "-q", *ours, "update"], directory)
        _run(["apt-get", "-q", *ours, "download", *packages], directory)


def _run(command: Sequence[str], directory: Path) -> None:
    done = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        raise ServiceError(f"{' '.join(command[:2])} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    try:
        fetch()
    except (ServiceError, subprocess.TimeoutExpired) as error:
        sys.exit(f"Prometheus was not brought, tests that need it are skipped: {error}")
