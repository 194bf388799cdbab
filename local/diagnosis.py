"""Why something does not arrive: what every process says, how far each reader is, and the ends of the logs."""

from collections.abc import Iterator

from kafka.errors import KafkaError

from local.process import log_tail
from local.system import LocalSystem
from operations.progress import progress
from operations.status.processes import ask
from runtime.errors import Transient

TAIL_LINES = 12


def diagnose(system: LocalSystem) -> str:
    """A page for whoever must find out; it never raises because something is down."""
    return "\n".join(
        [
            "processes:",
            *(f"  {line}" for line in _processes(system)),
            f"utility: {_utility(system)}",
            "positions:",
            *(f"  {line}" for line in _positions(system)),
            *_tails(system),
            f"everything is in {system.directory}",
        ]
    )


def _processes(system: LocalSystem) -> Iterator[str]:
    for state in system.states():
        running = "alive" if state.alive else f"ended with {state.exit_code}, again in {state.restart_in or 0:.1f} s"
        said = ""
        if port := system.ports.get(state.name):
            asked = ask(f"http://127.0.0.1:{port}")
            said = "; ready" if asked.ready else f"; not ready: {asked.waiting_for}"
        yield f"{state.name} (pid {state.pid}): {running}{said}; ended so far: {list(state.exits)}"


def _utility(system: LocalSystem) -> str:
    try:
        status = system.ask_utility("/_status")
    except OSError as error:
        return f"does not answer ({error})"
    return f"pending {status['pending']}, quiet {status['quiet']}, answers {status['requests']}"


def _positions(system: LocalSystem) -> Iterator[str]:
    try:
        found = progress(system.settings)
    except (Transient, KafkaError) as error:
        yield f"Kafka does not answer ({error})"
        return
    ends = {topic.name: topic.ends for topic in found.topics}
    for reader in (found.streams, *found.receivers):
        members = "" if reader.members is None else f", {reader.members} members"
        yield f"{reader.name} on {reader.topic}: lag {reader.lag}{members}; {reader.positions} of {ends[reader.topic]}"


def _tails(system: LocalSystem) -> Iterator[str]:
    for log in sorted((system.directory / "logs").glob("*.log")):
        yield f"the end of {log.name}:"
        yield from (f"  {line}" for line in log_tail(log).splitlines()[-TAIL_LINES:])
