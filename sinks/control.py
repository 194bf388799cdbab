"""Whose tables these are, of which release, in which state; and what persons did to them. All within a transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from runtime.errors import ConfigError
from schemas import instants
from sinks.database import Database
from sinks.migrations import statements
from sinks.writer import Receiver, State


@dataclass(frozen=True)
class Entry:
    """What a person did: who, when (instant), and more about it as JSON."""

    at: int
    who: str
    action: str
    detail: str


class Control:
    """The tables of one receiver's stage."""

    def __init__(self, database: Database, receiver: Receiver) -> None:
        """``receiver``: whose tables they must be."""
        self._database = database
        self._receiver = receiver

    def migrate(self) -> None:
        """Makes the control tables, or brings them up to this release.

        Raises:
            ConfigError: they are of a newer release, or another receiver's.
        """
        database = self._database
        database.lock_tables()
        if not database.has_table("schema_version"):
            database.execute("CREATE TABLE schema_version (version integer PRIMARY KEY)")
        ((version,),) = database.execute("SELECT coalesce(max(version), 0) FROM schema_version")
        if version > len(database.migrations):
            raise ConfigError(
                [
                    f"receivers.{self._receiver.name}: its tables are of a newer release (version {version}); "
                    "run that one"
                ]
            )
        for number, step in enumerate(database.migrations[version:], version + 1):
            for statement in statements(step):
                database.execute(statement)
            database.execute("INSERT INTO schema_version (version) VALUES (?)", [number])
        self._claim()

    def _claim(self) -> None:
        execute, name = self._database.execute, self._receiver.name
        owners = [owner for (owner,) in execute("SELECT name FROM receiver")]
        if not owners:
            first: State = "waiting" if self._receiver.waits else "live"
            execute("INSERT INTO receiver (name, state) VALUES (?, ?)", [name, first])
        elif owners != [name]:
            raise ConfigError(
                [
                    f"receivers.{name}: the tables there belong to receiver {owners[0]}; give each receiver and stage "
                    "its own (another database, database_schema or path)"
                ]
            )

    def state(self) -> State:
        """Whether values are to be delivered."""
        ((state,),) = self._database.execute("SELECT state FROM receiver")
        return cast(State, state)

    def enter(self, state: State) -> None:
        """Values are to be delivered from now on, or no longer."""
        self._database.execute("UPDATE receiver SET state = ?", [state])

    def note(self, entry: Entry) -> None:
        """Keeps what a person did."""
        ((last,),) = self._database.execute("SELECT coalesce(max(entry), 0) FROM journal")
        self._database.execute(
            "INSERT INTO journal (entry, at, who, action, detail) VALUES (?, ?, ?, ?, ?)",
            [last + 1, instants.to_text(entry.at), entry.who, entry.action, entry.detail],
        )

    def journal(self) -> list[Entry]:
        """What persons did, oldest first."""
        found = self._database.execute("SELECT at, who, action, detail FROM journal ORDER BY entry")
        return [
            Entry(instants.from_datetime(datetime.fromisoformat(at)), who, action, detail)
            for at, who, action, detail in found
        ]
