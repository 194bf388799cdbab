"""A process that measures itself, and what the one that started it reads of it."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.stage import Pace


@contextmanager
def tell(count: float) -> Iterator[None]:
    """In the child: measures what is done inside, ``count`` things, and prints it."""
    began, cpu = time.perf_counter(), time.process_time()
    yield
    seconds, spent = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"count": count, "seconds": seconds, "cpu": {"worker": spent}, "peak_mib": peak}))


def pace(command: Sequence[str]) -> Pace:
    """Runs ``python -m NAME …`` to its end; gives what it told last."""
    said = subprocess.run([sys.executable, "-m", *command], check=True, stdout=subprocess.PIPE, text=True).stdout
    return Pace(**json.loads(said.splitlines()[-1]))
