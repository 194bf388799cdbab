"""A person who reads the last words of a process that stopped, and does what they and the handbook say."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from kafka.errors import KafkaError

from local.patience import patiently
from local.ports import free_port
from local.process import ServiceProcess
from local.settings_file import RECEIVERS
from local.system import LocalSystem
from operations.progress import progress
from runtime.errors import ExitCode, MeterstreamError, Transient

P = ParamSpec("P")
T = TypeVar("T")

WITHIN = 240.0
COMMAND_SECONDS = 180.0
DRAIN_SECONDS = 20.0
LOOK_SECONDS = 0.2
TAKEN_OVER = "the view shows this epoch"
"""What a sink says when its receiver sees the new epoch."""


class NotMet(MeterstreamError):
    """The product did not do what it must, or the fault did not strike."""


def until(true: Callable[[], bool], what: str, within: float = WITHIN) -> None:
    """Waits until something is true.

    Raises:
        NotMet: it is not within so many seconds.
    """
    end = time.monotonic() + within
    while not true():
        if time.monotonic() > end:
            raise NotMet(f"not within {within:g} s: {what}")
        time.sleep(LOOK_SECONDS)


def persistent(call: Callable[P, T]) -> Callable[P, T]:
    """Does it again while Kafka does not answer: another fault may have it just now. Doing it twice must do no harm."""

    @wraps(call)
    def done(*arguments: P.args, **named: P.kwargs) -> T:
        return patiently(lambda: call(*arguments, **named), "Kafka", WITHIN, (KafkaError, Transient))

    return done


def names(system: LocalSystem, prefix: str) -> list[str]:
    """The stages whose name begins so."""
    return [state.name for state in system.stages.states() if state.name.startswith(prefix)]


@contextmanager
def away(system: LocalSystem, prefix: str, kill: bool = False) -> Iterator[None]:
    """While inside, the stages whose name begins so do not run."""
    with ExitStack() as held:
        for name in names(system, prefix):
            held.enter_context(system.stages.held(name))
            system.stages.process(name).stop(0.0 if kill else DRAIN_SECONDS)
        yield


@dataclass(frozen=True)
class LastWords:
    """What the stages whose name begins so have said, and how they ended, since this was made."""

    system: LocalSystem
    prefix: str
    logs: dict[Path, int]
    exits: dict[str, int]

    @classmethod
    def since_now(cls, system: LocalSystem, prefix: str) -> "LastWords":
        """Begins to listen."""
        logs = {log: log.stat().st_size for log in (system.directory / "logs").glob(f"{prefix}*.log")}
        exits = {state.name: len(state.exits) for state in system.stages.states() if state.name.startswith(prefix)}
        return cls(system, prefix, logs, exits)

    def said(self, words: str) -> list[str]:
        """The new lines that hold these words."""
        lines = []
        for log, start in self.logs.items():
            with log.open("rb") as file:
                file.seek(start)
                lines += [line for line in file.read().decode(errors="replace").splitlines() if words in line]
        return lines

    def ended_with(self, code: int) -> bool:
        """Whether one of them has ended so."""
        states = {state.name: state for state in self.system.stages.states()}
        return any(code in states[name].exits[start:] for name, start in self.exits.items() if name in states)

    def await_loud_stop(self, mend: str) -> None:
        """Waits until one of them has stopped for a contradiction, and named what mends it.

        Raises:
            NotMet: none did.
        """
        until(
            lambda: self.ended_with(ExitCode.POSITION) and any("stopped: " in line for line in self.said(mend)),
            f"one of {self.prefix}* ends with {ExitCode.POSITION:d} and says: {mend}",
        )


@dataclass(frozen=True)
class Operator:
    """Runs the commands of the handbook."""

    system: LocalSystem

    def run(self, *words: str, config: Path | None = None, refused: bool = False) -> str:
        """Runs `meterstream` until it has done its work, again where Kafka did not answer; gives what it printed.

        Raises:
            NotMet: it ends otherwise than it must (``refused``: with 2), or does not in time.
        """
        end = time.monotonic() + WITHIN
        while True:
            done = subprocess.run(
                self.command(config or self.system.config, *words),
                capture_output=True,
                text=True,
                check=False,
                timeout=COMMAND_SECONDS,
            )
            if done.returncode == (ExitCode.CONFIG if refused else ExitCode.DONE):
                return done.stdout + done.stderr
            if done.returncode != ExitCode.DEFECT or time.monotonic() > end:
                raise NotMet(f"meterstream {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
            time.sleep(LOOK_SECONDS)

    def command(self, config: Path, *words: str) -> list[str]:
        """How `meterstream` is started."""
        return [sys.executable, "-m", "operations.command", "--config", str(config), *words]

    def rebuild_state(self) -> None:
        """The handbook's "Rebuilding the state"."""
        with away(self.system, "streams"):
            self.run("state", "rebuild", "--yes")

    def new_epoch(self, *options: str) -> None:
        """The handbook's "A new epoch", with everything restarted at once."""
        old = self.system.settings.epoch
        new = self.new_settings()
        self.run("reprocess", "--from", old, *options, config=new)
        self.finish_epoch(old, new, *options)

    def refused_epoch(self) -> str:
        """What the command says where readings are gone."""
        return self.run("reprocess", "--from", self.system.settings.epoch, config=self.new_settings(), refused=True)

    def finish_epoch(self, old: str, new: Path, *options: str) -> None:
        """From step 4 on: the producer, then streams, and when it has caught up the sinks."""
        system = self.system
        sinks = LastWords.since_now(system, "sink")
        with away(system, "producer"):
            self.run("reprocess", "--from", old, "--finish", *options, config=new)
            new.replace(system.config)
        self._restart("streams")
        until(self._caught_up, "streams has caught up with the new epoch")
        self._restart("sink")
        until(lambda: len(sinks.said(TAKEN_OVER)) >= len(RECEIVERS), "every receiver's view shows the new epoch")

    def new_settings(self, changes: Sequence[tuple[str, str]] = ()) -> Path:
        """Settings of the next epoch, beside those in use. ``changes``: more texts, and what is there instead."""
        text, old = self.system.config.read_text("utf-8"), self.system.settings.epoch
        for before, after in ((f'epoch = "{old}"', f'epoch = "{int(old) + 1}"'), *changes):
            if before not in text:
                raise NotMet(f"the settings do not hold {before!r}")
            text = text.replace(before, after, 1)
        new = self.system.config.with_name("meterstream.new.toml")
        new.write_text(text, encoding="utf-8")
        return new

    @contextmanager
    def beside(self, config: Path, name: str, module: str) -> Iterator[None]:
        """While inside, one more process runs, with these settings."""
        program = self.system.stage_program(name, free_port(), module)
        command = [str(config) if word == str(self.system.config) else word for word in program.command]
        process = ServiceProcess(program.service, command, program.environment)
        try:
            yield
        finally:
            process.stop(DRAIN_SECONDS)

    def _restart(self, prefix: str) -> None:
        """Ends them; the supervisor starts them again, with the settings that stand there now."""
        for name in names(self.system, prefix):
            self.system.stages.process(name).stop(DRAIN_SECONDS)

    def _caught_up(self) -> bool:
        found = progress(self.system.settings)
        readings = next(topic for topic in found.topics if topic.name == found.streams.topic)
        return found.streams.lag == 0 and sum(readings.ends.values()) > 0
