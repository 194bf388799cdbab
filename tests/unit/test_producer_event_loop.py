"""The producer ends, whatever still hangs in its event loop."""

import subprocess
import sys

import pytest

from producer.event_loop import run_to_end
from runtime.errors import Fatal, Superseded

HANGING = """
import asyncio, logging, sys
from producer.event_loop import run_to_end
from runtime.errors import Superseded

logging.basicConfig()

async def hang():
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass

async def work():
    left = asyncio.create_task(hang())
    await asyncio.sleep(0)
    if sys.argv[1] == "superseded":
        raise ExceptionGroup("of a task group", [Superseded("another producer polls")])

run_to_end(work(), farewell=0.1)
"""
"""What a client does that waits for a Kafka that is away."""


@pytest.mark.parametrize(("how", "code", "says"), [("done", 0, ""), ("superseded", 72, "another producer polls")])
def test_what_hangs_is_left(how: str, code: int, says: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HANGING, how], timeout=120, capture_output=True, text=True, check=False
    )
    assert ended.returncode == code
    assert says in ended.stderr


def test_what_ended_the_work_is_raised() -> None:
    async def work() -> None:
        raise ExceptionGroup("outer", [ExceptionGroup("inner", [Superseded("first")]), Fatal("second")])

    with pytest.raises(Superseded, match="first"):
        run_to_end(work())


def test_work_that_is_done_raises_nothing() -> None:
    done = []

    async def work() -> None:
        done.append(True)

    run_to_end(work())
    assert done
