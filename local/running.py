"""A system that runs for as long as a command does, and that is stopped whatever happens."""

import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click
from rich.console import Console

from local.lock import Busy, only_one
from local.options import Options
from local.system import LocalSystem
from local.watch import NotInTime
from runtime.errors import ConfigError, MeterstreamError
from runtime.process import report

RUNS = Path(".run")
TROUBLE, INTERRUPTED = 70, 130


@contextmanager
def running(name: str, console: Console, options: Options) -> Iterator[LocalSystem]:
    """A system that is stopped whatever happens, Ctrl-C at any moment included."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with only_one(RUNS / f"{name}.lock"):
            shutil.rmtree(options.directory, ignore_errors=True)
            system = LocalSystem(options)
            try:
                yield system
            finally:
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second Ctrl-C must not leave half of it
                console.print("· stopping")
                system.stop()
    except KeyboardInterrupt:
        console.print("· stopped; nothing is left running")
        sys.exit(INTERRUPTED)
    except ConfigError as error:
        report(error)
        sys.exit(error.exit_code)
    except (MeterstreamError, NotInTime, Busy) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(TROUBLE)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
