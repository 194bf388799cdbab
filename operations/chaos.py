"""`meterstream chaos`: has the running local system (`make up`) broken and judged; the local system itself does it."""

import json
import socket
from pathlib import Path

import click

from runtime.errors import Transient

SOCKET = Path(".run/up/control/socket")
FAILED = 1


@click.command()
@click.option(
    "--seed", type=click.IntRange(min=1), default=1, show_default=True, help="The same seed, the same faults."
)
@click.option("--kinds", default="*", show_default=True, help="Which kinds of fault: names, *, commas.")
@click.option("--seconds", type=float, default=45.0, show_default=True, help="Over which the faults spread.")
@click.option("--faults", type=int, default=16, show_default=True, help="How many.")
@click.option("--socket", "path", type=click.Path(path_type=Path), default=SOCKET, show_default=True)
def chaos(seed: int, kinds: str, seconds: float, faults: int, path: Path) -> None:
    """Breaks the local system that `make up` runs, heals it, and compares every row with what the utility said.

    Never a system of yours: it reaches nothing but the local system's own socket.
    """
    with _connected(path) as connection, connection.makefile("rw", encoding="utf-8") as lines:
        lines.write(json.dumps({"seed": seed, "kinds": kinds, "seconds": seconds, "faults": faults}) + "\n")
        lines.flush()
        passed = None
        for line in lines:
            message = json.loads(line)
            passed = message.get("passed", passed)
            if "say" in message:
                click.echo(message["say"])
    if passed is None:
        raise Transient("the local system ended before the run did")
    if not passed:
        click.get_current_context().exit(FAILED)


def _connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        raise Transient(
            f"no local system listens at {path} ({error.strerror}): start one with `make up`, and run this command in "
            "the same directory"
        ) from error
    return connection
