"""What an operator mends in a receiver's database: a table dropped, rows refused, a backup restored."""

import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from sqlite3 import connect
from typing import Any

from local.chaos import postgres_admin
from local.chaos.fault import Kind
from local.chaos.operator import Operator, until
from local.chaos.sqlite_faults import FILE, opened
from local.postgres import SUPERUSER, binaries
from local.process import ServiceError
from local.settings_file import RECEIVERS
from local.system import LocalSystem

REFILL = ("receivers", "refill")
REPLAY = ("dead-letters", "replay", "--reason", "row_refused", "--max", "100000")
REFUSED = "sequence % 10 = 3"
"""Few enough that the sink does not stop for their number."""


def _act(system: LocalSystem, receiver: str, statement: str) -> list[tuple[Any, ...]]:
    if receiver == "vitec":
        return postgres_admin.act(system, statement)
    with closing(opened(system.directory / FILE)) as connection:
        return connection.execute(statement).fetchall()


def _schema(receiver: str) -> str:
    return postgres_admin.SCHEMA if receiver == "vitec" else "main"


def _rows_table(system: LocalSystem, receiver: str) -> str:
    epoch = system.settings.epoch
    if receiver == "vitec":
        return postgres_admin.rows_table(system)
    ((table,),) = _act(system, receiver, f"SELECT rows_table FROM epochs WHERE epoch = '{epoch}'")  # noqa: S608 - our own name
    return str(table)


def _says(system: LocalSystem, receiver: str, words: str) -> bool:
    """Whether its sink is not ready and says these words."""
    try:
        port = system.ports[f"sink-{receiver}"]
        urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
    except urllib.error.HTTPError as error:
        return words in error.read().decode()
    except OSError:
        pass  # it is just being started
    return False


@contextmanager
def _dropped(system: LocalSystem, random: Random) -> Iterator[str]:
    receiver = random.choice(RECEIVERS)
    table = _rows_table(system, receiver)
    _act(system, receiver, f"DROP TABLE {table}" + (" CASCADE" if receiver == "vitec" else ""))
    try:
        yield f"{receiver}: {table}"
        said = f"meterstream {' '.join(REFILL)}"
        until(lambda: _says(system, receiver, said), f"sink-{receiver} waits and names `{said}`")
    finally:
        Operator(system).run(*REFILL, receiver, "--yes")


@contextmanager
def _refusing(system: LocalSystem, random: Random) -> Iterator[str]:
    """A constraint of the receiver's owner, who takes it back and has everything delivered again."""
    receiver = random.choice(RECEIVERS)
    try:
        with _constraint(system, receiver):
            yield receiver
            until(lambda: _refused(system, receiver), "rows are refused")
    finally:
        Operator(system).run(*REFILL, receiver, "--yes")


@contextmanager
def _refusing_for_a_while(system: LocalSystem, random: Random) -> Iterator[str]:
    """The same, but just what was refused is put back."""
    receiver = random.choice(RECEIVERS)
    with _constraint(system, receiver):
        yield receiver
        until(lambda: _refused(system, receiver), "rows are refused")
    Operator(system).run(*REPLAY, "--receiver", receiver, "--yes")
    until(lambda: not _refused(system, receiver), "what was put back is taken")


@contextmanager
def _constraint(system: LocalSystem, receiver: str) -> Iterator[None]:
    table = _rows_table(system, receiver)
    if receiver == "vitec":
        refuse = f"ALTER TABLE {table} ADD CONSTRAINT chaos CHECK (NOT {REFUSED}) NOT VALID"
        allow = f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS chaos"
    else:
        when = f"NEW.{REFUSED}"
        refuse = f"CREATE TRIGGER chaos BEFORE INSERT ON {table} WHEN {when} BEGIN SELECT RAISE(ABORT, 'refused'); END"
        allow = "DROP TRIGGER IF EXISTS chaos"
    try:
        _act(system, receiver, refuse)
        yield
    finally:
        _act(system, receiver, allow)


def _refused(system: LocalSystem, receiver: str) -> bool:
    return bool(_act(system, receiver, f"SELECT 1 FROM {_schema(receiver)}.refused_rows LIMIT 1"))  # noqa: S608 - our own names


@contextmanager
def _restored(system: LocalSystem, random: Random) -> Iterator[str]:
    """The backup is taken at the beginning and restored at the end, while the sink works."""
    receiver = random.choice(RECEIVERS)
    backup = system.directory / f"{receiver}.backup"
    copy, restore = (_dump, _restore_dump) if receiver == "vitec" else (_copy, _restore_copy)
    try:
        copy(system, backup)
        before = _delivered(system, receiver)  # at least what the backup has
        yield receiver
        until(lambda: _delivered(system, receiver) > before, "something is delivered after the backup was taken")
        restore(system, backup)
    finally:
        backup.unlink(missing_ok=True)


def _delivered(system: LocalSystem, receiver: str) -> int:
    """How many records the receiver has behind it."""
    ((count,),) = _act(system, receiver, f"SELECT sum(next_offset) FROM {_schema(receiver)}.positions")  # noqa: S608 - our own names
    return int(count)


def _dump(system: LocalSystem, backup: Path) -> None:
    _program(system, "pg_dump", "--format=custom", f"--schema={postgres_admin.SCHEMA}", f"--file={backup}", "receiver")


def _restore_dump(system: LocalSystem, backup: Path) -> None:
    options = ("--clean", "--if-exists", "--single-transaction", "--dbname=receiver")
    _program(system, "pg_restore", *options, str(backup))


def _program(system: LocalSystem, name: str, *arguments: str) -> None:
    """A program of PostgreSQL, as its superuser; again where the sink's transactions get in its way."""
    postgres = system.postgres
    command = [str(binaries() / name), "-h", "127.0.0.1", "-p", str(postgres.port), "-U", SUPERUSER, *arguments]
    environment = os.environ | {"PGPASSWORD": postgres.password}
    said = ""
    for _ in range(5):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        said = done.stderr.strip()
    raise ServiceError(f"{name} ended with {done.returncode}: {said}")


def _copy(system: LocalSystem, backup: Path) -> None:
    with closing(opened(system.directory / FILE)) as there, closing(connect(backup)) as here:
        there.backup(here)


def _restore_copy(system: LocalSystem, backup: Path) -> None:
    with closing(opened(system.directory / FILE)) as there, closing(connect(backup)) as here:
        here.backup(there)


KINDS = (
    Kind("receiver: table dropped", "database", _dropped, (1.0, 4.0), alone=True),
    Kind("receiver: refuses some rows", "database", _refusing, (3.0, 6.0), alone=True, letters=("row_refused",)),
    Kind(
        "receiver: refuses some rows, which are put back",
        "database",
        _refusing_for_a_while,
        (3.0, 6.0),
        alone=True,
        letters=("row_refused",),
    ),
    Kind("receiver: restored from a backup", "database", _restored, (3.0, 8.0), alone=True),
)
