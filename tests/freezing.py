"""SIGSTOP, and sure of it: until each thread of a process has been reached, the others run on."""

import os
import signal
import time
from pathlib import Path

WITHIN = 30.0


def freeze(pid: int) -> None:
    """Stops a process; returns when every thread of it stands still."""
    os.kill(pid, signal.SIGSTOP)
    end = time.monotonic() + WITHIN
    while not _stands_still(pid):
        assert time.monotonic() < end, f"process {pid} runs {WITHIN:g} s after SIGSTOP"
        time.sleep(0.005)


def _stands_still(pid: int) -> bool:
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return {stat.read_text("utf-8").rpartition(")")[2].split()[0] for stat in threads} == {"T"}
