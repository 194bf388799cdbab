"""The life of a process: settings, build, run, drain, exit code. The same for all of them."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path

import click
from prometheus_client import CollectorRegistry

from runtime import logs
from runtime.errors import ConfigError, ExitCode, MeterstreamError
from runtime.garbage import collect_seldom
from runtime.health import Health, HealthServer, Page
from runtime.metrics import ProcessMetrics, ProcessName
from runtime.settings.load import load
from runtime.settings.tree import Settings
from runtime.signals import SignalListener

log = logging.getLogger(__name__)


class Stop:
    """The wish to stop, from a signal. Threads wait on it; event loops register a call."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self._event = threading.Event()
        self._calls: list[Callable[[], object]] = []

    def request(self) -> None:
        """Asks the process to finish what it has in hand and end."""
        self._event.set()
        for call in self._calls:
            call()

    @property
    def requested(self) -> bool:
        """Whether somebody has asked."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleeps, but not beyond a request; returns whether one came."""
        return self._event.wait(seconds)

    def call(self, call: Callable[[], object]) -> None:
        """Calls ``call`` at the request, from another thread, perhaps twice.

        For an event loop: ``partial(loop.call_soon_threadsafe, event.set)``.
        """
        self._calls.append(call)
        if self.requested:
            call()


@dataclass(frozen=True)
class Process:
    """What a process's build function is given."""

    settings: Settings
    environment: Mapping[str, str]
    pseudonyms: logs.Pseudonyms
    health: Health = field(default_factory=Health)
    stop: Stop = field(default_factory=Stop)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    pages: dict[str, Page] = field(default_factory=dict)
    """What is served besides /metrics, /healthz and /readyz, by path."""


Run = Callable[[], None]
"""Does the work until it is done or ``Process.stop`` is requested; raises on failure."""
Build = Callable[[Process], Run]
"""Puts a process together: reads its files, connects to nothing. Raises ConfigError."""


@dataclass(frozen=True)
class Invocation:
    """How a process was called. ``announce``: a file descriptor to which the address it serves at is written."""

    process: ProcessName
    config: Path | None
    check_config: bool
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    announce: int | None = None

    @property
    def file(self) -> Path | None:
        """The settings file; None: defaults and environment only."""
        return self.config or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)


config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="The settings file (default: meterstream.toml where it exists).",
)
check_option = click.option("--check-config", is_flag=True, help="Check the settings, report every problem, and end.")

DEFAULT_CONFIG = Path("meterstream.toml")


Load = Callable[[Path | None, Mapping[str, str]], Settings]
"""Reads the settings; raises ConfigError."""


def main(invocation: Invocation, needs: Sequence[str], build: Build) -> ExitCode:
    """Runs a process from its settings to its exit code. ``needs``: the sections of settings that it uses."""
    return live(invocation, partial(load, needs=needs), build)


def live(invocation: Invocation, read: Load, build: Build) -> ExitCode:
    """As :func:`main`, for a process that reads its settings in another way."""
    try:
        settings = read(invocation.file, invocation.environment)
        logs.configure(settings.log)
        process = Process(settings, invocation.environment, logs.Pseudonyms(settings.log, invocation.environment))
        ProcessMetrics(process.registry).build_info.labels(version("meterstream"), invocation.process).set(1)
        run = build(process)
        if invocation.check_config:
            click.echo("the configuration is valid")
            return ExitCode.DONE
        _live(process, run, invocation.announce)
    except ConfigError as error:
        report(error)
        return error.exit_code
    except MeterstreamError as error:
        log.critical("stopped: %s", error)
        return error.exit_code
    except Exception:
        log.exception("stopped by a defect")
        return ExitCode.DEFECT
    return ExitCode.DONE


def report(error: ConfigError) -> None:
    """Every problem on standard error, one line each."""
    for problem in error.problems:
        click.echo(f"error: {problem}", err=True)


def _live(process: Process, run: Run, announce: int | None) -> None:
    def on_signal(number: signal.Signals) -> None:
        log.info("stopping", extra={"signal": number.name})
        process.stop.request()

    collect_seldom()
    # The signals first: who sees the process serve may tell it to stop.
    with closing(SignalListener(on_signal)), closing(_served(process)) as server:
        if announce is not None:
            with os.fdopen(announce, "w", encoding="ascii") as listener:
                listener.write(f"{server.address}\n")
        run()


def _served(process: Process) -> HealthServer:
    return HealthServer(process.settings.metrics, process.registry, process.health, process.pages)


def leave(code: ExitCode) -> None:
    """Ends the process at once, after flushing the logs: for when going on, even to clean up, could do harm."""
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)
