"""Where tables are printed: as wide as the terminal, and in a pipe or a file as wide as they are."""

from rich.console import Console

UNBROKEN = 400
"""Columns: no line of a table breaks, so that an id can be found and copied."""


def paper() -> Console:
    """A console on standard output."""
    console = Console()
    return console if console.is_terminal else Console(width=UNBROKEN)
