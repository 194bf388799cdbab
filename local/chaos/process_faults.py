"""Processes that crash, are stopped, freeze, run twice, come and go."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from random import Random

import psutil

from local.chaos.fault import Kind
from local.ports import free_port
from local.process import ServiceProcess
from local.supervisor import Supervisor
from local.system import LocalSystem

FREEZE = (8.0, 12.0)
"""Seconds: beyond the session time-out of a chaos run, and beyond what a request may take."""
BRIEF = (0.2, 1.0)
PAUSE = 0.1
DRAIN_SECONDS = 20.0

Inject = Callable[[LocalSystem, Random], AbstractContextManager[str]]


def _place(system: LocalSystem, name: str) -> tuple[Supervisor, str]:
    """Who keeps a program running, and its full name: of three brokers the first is `Kafka-1`."""
    for supervisor in (system.stages, system.services):
        for state in supervisor.states():
            if state.name == name or state.name.startswith(f"{name}-1"):
                return supervisor, state.name
    raise LookupError(f"no process is named {name}")


def _killed(name: str) -> Inject:
    @contextmanager
    def inject(system: LocalSystem, random: Random) -> Iterator[str]:
        supervisor, found = _place(system, name)
        supervisor.process(found).kill()
        yield found

    return inject


def _stopped(name: str) -> Inject:
    """Asked to end in order, as a roll-out does."""

    @contextmanager
    def inject(system: LocalSystem, random: Random) -> Iterator[str]:
        supervisor, found = _place(system, name)
        supervisor.process(found).stop(DRAIN_SECONDS)
        yield found

    return inject


def _frozen(name: str) -> Inject:
    @contextmanager
    def inject(system: LocalSystem, random: Random) -> Iterator[str]:
        supervisor, found = _place(system, name)
        process = supervisor.process(found)
        children = _children(process)
        process.send(signal.SIGSTOP)
        _send(children, signal.SIGSTOP)
        try:
            yield found
        finally:
            process.send(signal.SIGCONT)
            _send(children, signal.SIGCONT)

    return inject


def _children(process: ServiceProcess) -> list[psutil.Process]:
    """PostgreSQL works in children; while it is frozen there come no new ones."""
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _send(children: Sequence[psutil.Process], number: signal.Signals) -> None:
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.send_signal(number)


def _down(name: str) -> Inject:
    """Killed, and not started again for as long as the fault lasts."""

    @contextmanager
    def inject(system: LocalSystem, random: Random) -> Iterator[str]:
        supervisor, found = _place(system, name)
        with supervisor.held(found):
            supervisor.process(found).kill()
            yield found

    return inject


def _doubled(name: str, module: str, *arguments: str) -> Inject:
    """A second process with the same orders, as a botched roll-out starts it; ended in order, or at once."""

    @contextmanager
    def inject(system: LocalSystem, random: Random) -> Iterator[str]:
        gently = random.random() < 0.5
        twin = f"{name}-twin"
        program = system.stage_program(twin, free_port(), module, *arguments)
        process = ServiceProcess(program.service, program.command, program.environment)
        try:
            yield f"{twin}, ended {'in order' if gently else 'at once'}"
        finally:
            process.stop(DRAIN_SECONDS if gently else 0.0)

    return inject


@contextmanager
def _joined(system: LocalSystem, random: Random) -> Iterator[str]:
    """A further streams worker comes under load, and goes."""
    name = f"streams-{random.randrange(100, 1000)}"
    system.start_stage(name, "streams")
    try:
        yield name
    finally:
        system.drop_stage(name)


@contextmanager
def _left(system: LocalSystem, random: Random) -> Iterator[str]:
    """A streams worker is taken away under load; the other one does all the work until it is back."""
    name = random.choice(("streams-1", "streams-2"))
    with system.stages.held(name):
        system.stages.process(name).stop(DRAIN_SECONDS)
        yield name


@contextmanager
def _all_killed(system: LocalSystem, random: Random) -> Iterator[str]:
    """A machine's power fails: every stage at once."""
    states = system.stages.states()
    for state in states:
        system.stages.process(state.name).send(signal.SIGKILL)
        time.sleep(random.uniform(0, PAUSE))
    yield ", ".join(state.name for state in states)


STAGES = ("producer", "streams-1", "streams-2", "sink-vitec", "sink-momentum")
SERVICES = ("Kafka", "PostgreSQL", "utility")


def _kind(name: str, inject: Inject, seconds: tuple[float, float] = BRIEF) -> Kind:
    return Kind(name, "process", inject, seconds)


KINDS = (
    *(_kind(f"{name}: SIGKILL", _killed(name)) for name in (*STAGES, *SERVICES)),
    *(_kind(f"{name}: SIGTERM", _stopped(name)) for name in (*STAGES, *SERVICES)),
    *(_kind(f"{name}: SIGSTOP beyond the session, SIGCONT", _frozen(name), FREEZE) for name in (*STAGES, *SERVICES)),
    *(_kind(f"{name}: killed and away", _down(name), (3.0, 6.0)) for name in ("Kafka", "PostgreSQL", "utility")),
    _kind("producer: started twice", _doubled("producer", "producer"), (5.0, 9.0)),
    _kind("sink-vitec: started twice", _doubled("sink-vitec", "sinks", "--receiver", "vitec"), (5.0, 9.0)),
    _kind("sink-momentum: started twice", _doubled("sink-momentum", "sinks", "--receiver", "momentum"), (5.0, 9.0)),
    _kind("streams: a third worker comes and goes", _joined, (6.0, 10.0)),
    _kind("streams: a worker goes and comes", _left, (4.0, 8.0)),
    _kind("every stage: SIGKILL at once", _all_killed),
)
