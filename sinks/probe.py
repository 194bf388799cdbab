"""What can be found out about a receiver's database before a worker delivers into it. One file per kind answers."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from runtime.errors import ConfigError
from runtime.settings.receiver import StageSettings
from runtime.settings.secret import MissingSecret

Verdict = Literal["ok", "warning", "problem"]
Rights = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Finding:
    """One line of a check: what was looked at, what was seen, how that is, and what to do about it."""

    what: str
    seen: str
    verdict: Verdict = "ok"
    todo: str = ""


@dataclass(frozen=True)
class Address:
    """Where a receiver's stage stands. ``label``: as messages have it; ``environment``: where secrets may stand."""

    label: str
    stage: StageSettings
    environment: Mapping[str, str]


class Probe(Protocol):
    """Asks one kind of database."""

    def ask(self) -> Iterator[Finding]:
        """What the database says of itself: version, encryption, rights … It changes nothing.

        A finding that is a problem ends it where nothing more can be learned.
        """

    def untouched(self) -> AbstractContextManager[StageSettings]:
        """A place where a sample can be written, as the stage's settings; what that leaves is gone at the end.

        Raises:
            Transient: it cannot be cleaned up; the message names what is left.
        """

    def free(self) -> int | None:
        """Bytes that can still be stored, where the database tells."""


def credentials(address: Address, connect: Callable[[str, str], str | None]) -> Iterator[Finding]:
    """Tries the secrets in order, as a worker does, until one is accepted.

    Args:
        address: whose secrets.
        connect: given the setting and a DSN, connects with it; why it was refused, or None. ConfigError is a refusal.
    """
    where = f"receivers.{address.label}.dsn"
    secrets = address.stage.dsn
    try:
        readable = [] if secrets is None else secrets.readable(address.environment)
    except MissingSecret as error:
        yield Finding("credentials", str(error), "problem", "put the DSN there")
        return
    refused: list[str] = []
    for place, text in readable:
        try:
            why = connect(where, text)
        except ConfigError as error:
            why = "; ".join(error.problems)
        if why is None:
            for line in refused:
                yield Finding("credentials", line, "warning", "take it out once the password has been changed")
            yield Finding("credentials", f"those of {place} are accepted")
            return
        refused.append(f"{place}: {why}")
    for line in refused:
        yield Finding("credentials", line, "problem", f"look at {where}, and at the server's log")


TABLES: Rights = {
    "schema_version": ("SELECT",),
    "receiver": ("SELECT", "UPDATE"),
    "epochs": ("SELECT",),
    "positions": ("SELECT", "UPDATE"),
    "points": ("SELECT", "INSERT", "DELETE"),
    "passes": ("SELECT", "INSERT", "UPDATE", "DELETE"),
    "projected": ("SELECT",),
    "refused_rows": ("SELECT", "INSERT", "DELETE"),
    "put_backs": ("SELECT", "DELETE"),
}
"""The rights that a worker needs where somebody else owns its tables; docs/security.md grants the same."""
ROWS = ("SELECT", "INSERT", "UPDATE")
"""The same for the rows of an epoch."""
