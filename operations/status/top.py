"""`meterstream top`: the same screen, again and again, until somebody presses q."""

import os
import queue
import sys
import threading
import time
from collections.abc import Callable

import click
from rich.console import Console
from rich.live import Live

from operations.invocation import config_option, settings
from operations.status.findings import findings
from operations.status.keys import Keys
from operations.status.looking import Looking
from operations.status.screen import Screen
from operations.status.snapshot import Snapshot
from operations.status.whom import Whom, whom_options
from operations.topic_reader import Bounds
from runtime.errors import ConfigError

TURN = 0.2
"""Seconds between two looks at the keyboard."""
QUIT = "q"


@click.command()
@config_option
@whom_options
@click.option("--every", type=click.FloatRange(min=0.5), default=2.0, show_default=True, help="Seconds between looks.")
def top(whom: Whom, every: float) -> None:
    """Shows the running system as it works; q or Ctrl-C ends it. It wants a terminal of 80 by 24 at least."""
    looking = Looking(settings(), os.environ, whom, Bounds())
    console = Console()
    if not (console.is_terminal and sys.stdin.isatty()):
        raise ConfigError(["top: this is no terminal; for a pipe or a file there is `meterstream status`"])
    try:
        _watch(console, looking.look, every)
    except KeyboardInterrupt:
        return


def _watch(console: Console, look: Callable[[], Snapshot], every: float) -> None:
    """Looks from a thread of its own, so that a key is heeded while somebody does not answer."""
    seen: queue.SimpleQueue[Snapshot | BaseException] = queue.SimpleQueue()
    threading.Thread(target=_look_on, args=(look, every, seen), name="looking", daemon=True).start()
    before: Snapshot | None = None
    with Keys(sys.stdin) as keys, Live("looking …", console=console, screen=True, auto_refresh=False) as live:
        while keys.pressed(TURN) != QUIT:
            while not seen.empty():
                now = seen.get()
                if isinstance(now, BaseException):
                    raise now
                live.update(Screen(now, findings(now), before).drawn(console.size), refresh=True)
                before = now


def _look_on(look: Callable[[], Snapshot], every: float, seen: "queue.SimpleQueue[Snapshot | BaseException]") -> None:
    try:
        while True:
            began = time.monotonic()
            seen.put(look())
            time.sleep(max(0.0, every - (time.monotonic() - began)))
    except BaseException as error:  # noqa: BLE001  # it is raised where the screen is, which ends the command
        seen.put(error)
