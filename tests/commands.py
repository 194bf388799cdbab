"""Whether a command line of the product would be taken: program, commands, options and their values."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import click

from local.utility import command_line
from local.utility.settings import ZONE
from operations.command import main
from producer.__main__ import producer
from sinks.__main__ import sinks
from streams.__main__ import streams

PROGRAMS: Mapping[tuple[str, ...], click.Command] = {
    ("meterstream",): main,
    ("python", "-m", "producer"): producer,
    ("python", "-m", "sinks"): sinks,
    ("python", "-m", "streams"): streams,
}


def parse(line: Sequence[str]) -> None:
    """Reads a command line as its program does, and does nothing.

    Raises:
        click.UsageError: an option or command that there is not, or a value that cannot be meant.
        LookupError: there is no such program.
        SystemExit: the same of the simulated utility.
    """
    if tuple(line[:3]) == ("python", "-m", "local.utility"):
        command_line.parse([*line[3:]], datetime.now(ZONE))
        return
    program = next((name for name in PROGRAMS if tuple(line[: len(name)]) == name), None)
    if program is None:
        raise LookupError(f"there is no program {' '.join(line)}")
    _parse(PROGRAMS[program], [*line[len(program) :]])


def _parse(command: click.Command, words: list[str]) -> None:
    context = command.make_context(command.name, words)
    if isinstance(command, click.Group):
        _, below, rest = command.resolve_command(context, [*context.protected_args, *context.args])
        if below is None:
            raise click.UsageError(f"there is no command {' '.join(words)}")
        _parse(below, rest)
