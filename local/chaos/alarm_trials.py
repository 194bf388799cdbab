"""Which faults are held until an alert fires, and which alert each of them must raise."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from random import Random

from local import settings_file
from local.chaos.catalogue import kinds
from local.system import LocalSystem

WRONG_KEY = "a-key-that-was-withdrawn"


@dataclass(frozen=True)
class Trial:
    """One fault. ``expected``: alerts of which any tells of it; none: it must raise nothing."""

    name: str
    inject: Callable[[LocalSystem], AbstractContextManager[object]]
    expected: tuple[str, ...]


def trials() -> Sequence[Trial]:
    """All of them."""
    return (
        Trial("the utility refuses our key", _key_withdrawn, ("SourceUnauthorised",)),
        _of("PostgreSQL: killed and away", "ReceiverUnreachable"),
        _of("producer: SIGSTOP beyond the session, SIGCONT", "SourceAbsent"),
        _both("streams-1", "streams-2", "StreamsAbsent"),
        _of("sink-vitec: SIGSTOP beyond the session, SIGCONT", "ReceiverAbsent"),
        _of("Kafka: killed and away", "CanaryNotSent"),
        _of("utility: killed and away", "SourceNotAnswering"),
        _of("sinks–Kafka: cut", "CanaryLost", "ReceiverLagging"),
        _of("streams–Kafka: cut", "CanaryLost", "StreamsStuck", "StreamsAbsent"),
        _of("producer–Kafka: cut", "CanaryNotSent"),
        _of("streams-1: SIGSTOP beyond the session, SIGCONT", "ProcessDown"),
        _of("SQLite: file moved away", "ReceiverUnreachable"),
        _of("PostgreSQL: password changed", "ReceiverUnreachable"),
        _of("utility: every answer 500", "SourceNotAnswering"),
        _of("utility: every answer 429", "SourceNotAnswering"),
        _of("producer–utility: half-open beyond the time-outs", "SourceNotAnswering"),
        _of("sink-vitec–PostgreSQL: cut", "ReceiverUnreachable"),
    )


def _of(name: str, *expected: str) -> Trial:
    (kind,) = (kind for kind in kinds() if kind.name == name)
    return Trial(
        name.removesuffix(" beyond the session, SIGCONT"), lambda system: kind.inject(system, Random(1)), expected
    )


def _both(one: str, other: str, *expected: str) -> Trial:
    frozen = [_of(f"{name}: SIGSTOP beyond the session, SIGCONT") for name in (one, other)]

    @contextmanager
    def inject(system: LocalSystem) -> Iterator[None]:
        with ExitStack() as stack:
            for trial in frozen:
                stack.enter_context(trial.inject(system))
            yield

    return Trial(f"{one} and {other}: SIGSTOP", inject, expected)


@contextmanager
def _key_withdrawn(system: LocalSystem) -> Iterator[None]:
    """The producer is started with another key than the utility takes, until the file holds the right one again."""
    file = system.directory / "secrets" / settings_file.UTILITY_KEY
    right = file.read_text("utf-8")
    settings_file.write_secret(system.directory, settings_file.UTILITY_KEY, WRONG_KEY)
    system.stages.process("producer").kill()
    try:
        yield
    finally:
        settings_file.write_secret(system.directory, settings_file.UTILITY_KEY, right)
