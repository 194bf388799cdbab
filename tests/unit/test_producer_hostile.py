"""Hostile answers: each has a documented outcome, and takes a bounded amount of memory. In a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

from tests.hostile_answer import KINDS

ROOT = Path(__file__).resolve().parents[2]
MEGABYTES = 32
"""The default of limits.max_body_bytes."""
MOST_GROWTH = 20 * MEGABYTES
DOCUMENTED = ("unreadable_response: ", "0 readings, 1 letters")


def test_hostile_bodies_have_documented_outcomes_in_bounded_memory() -> None:
    """Without the limits some of these take 3 GB and a minute."""
    command = [sys.executable, "-m", "tests.hostile_answer", str(MEGABYTES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    found = json.loads(done.stdout)
    assert found["outcomes"].keys() == KINDS.keys()
    assert [kind for kind, outcome in found["outcomes"].items() if not outcome.startswith(DOCUMENTED)] == []
    assert found["grown"] < MOST_GROWTH, found
