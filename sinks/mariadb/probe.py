"""What a MariaDB or MySQL receiver is before a worker writes it: version, encryption, encoding, rights."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import pymysql

from runtime.errors import Transient
from runtime.settings.receiver import StageSettings
from sinks.columns import VIEW, rows_table
from sinks.mariadb.connection import OLDEST, Server, Talking, connect
from sinks.mariadb.dsn import Place, read_dsn
from sinks.mariadb.errors import STRANGE, described
from sinks.probe import ROWS, TABLES, Address, Finding, credentials

OWNER = ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "CREATE VIEW", "SHOW VIEW")
"""The rights on its database that a worker needs which makes its tables."""


class MariaDBProbe:
    """A :class:`sinks.probe.Probe` of a server. ``epoch``: whose rows are looked at."""

    def __init__(self, address: Address, epoch: str) -> None:
        """Connects to nothing yet."""
        self._address = address
        self._epoch = epoch
        self._place: Place | None = None

    def ask(self) -> Iterator[Finding]:
        """See :class:`sinks.probe.Probe`."""
        yield from credentials(self._address, self._try)
        if self._place is None:
            return
        with closing(self._connect(self._place)) as connection:
            yield _version(connection)
            yield _encryption(connection, self._place)
            ((client,),) = _ask(connection, "SELECT @@character_set_client")
            yield Finding("encoding", f"{client}, whatever the database's own is")
            yield from self._rights(connection)

    @contextmanager
    def untouched(self) -> Iterator[StageSettings]:
        """See :class:`sinks.probe.Probe`. What makes a table commits there: those that were not there are dropped.

        Not where a worker has begun meanwhile: then they are its own.
        """
        if self._place is None:
            raise Transient("not connected")
        with closing(self._connect(self._place)) as connection:
            before = _tables(connection)
            known = _ask(connection, "SELECT epoch FROM epochs") if "epochs" in before else []
            connection.rollback()
            try:
                yield self._address.stage
            finally:
                made = {name: kind for name, kind in _tables(connection).items() if name not in before}
                begun = "positions" in {*before, *made} and _ask(
                    connection, "SELECT 1 FROM positions WHERE epoch = %s", [self._epoch]
                )
                connection.rollback()
                if not begun:
                    _clean(connection, made)
                    if "epochs" in before and (self._epoch,) not in known:
                        _ask(connection, "DELETE FROM epochs WHERE epoch = %s", [self._epoch])
                        connection.commit()

    def free(self) -> int | None:
        """A server does not tell."""
        return None

    def _connect(self, place: Place) -> Talking:
        return connect(place, self._address.label, self._address.stage.timeout)

    def _try(self, where: str, text: str) -> str | None:
        try:
            read = read_dsn(where, text)
            self._connect(read).close()
        except (pymysql.MySQLError, *STRANGE) as error:
            return described(error)
        self._place = read
        return None

    def _rights(self, connection: Talking) -> Iterator[Finding]:
        ((user, database),) = _ask(connection, "SELECT CURRENT_USER(), DATABASE()")
        everywhere = _granted(connection, "user_privileges", "TRUE")
        if "SUPER" in everywhere:
            todo = "give it a user of its own, with rights on its database and nothing else (docs/security.md)"
            yield Finding("rights", f"{user} may do more than it needs", "warning", todo)
        here = everywhere | _granted(connection, "schema_privileges", "DATABASE() LIKE table_schema")
        there = _tables(connection)
        missing = []
        if not there.keys() & TABLES.keys():  # it makes them
            if lacking := [right for right in OWNER if right not in here]:
                missing.append(f"GRANT {', '.join(lacking)} ON {database}.* TO {user};")
        else:
            wanted = {**TABLES, VIEW: ("SELECT",), rows_table(self._epoch): ROWS}
            for table, rights in wanted.items():
                held = here | _granted(
                    connection, "table_privileges", "table_schema = DATABASE() AND table_name = %s", [table]
                )
                if lacking := [right for right in rights if right not in held]:
                    missing.append(f"GRANT {', '.join(lacking)} ON {database}.{table} TO {user};")
        if missing:
            yield Finding("rights", f"{user} lacks rights", "problem", "\n".join(missing))
        elif "SUPER" not in everywhere:
            yield Finding("rights", f"{user} has the rights that a worker needs")


def _version(connection: Talking) -> Finding:
    ((text,),) = _ask(connection, "SELECT VERSION()")
    server = Server.of(text)
    name = text if server.is_mariadb else f"MySQL {text}"
    if not server.is_new_enough:
        return Finding("version", name, "problem", f"use {OLDEST}, or newer")
    if not server.is_mariadb:
        return Finding("version", name, "warning", "meterstream was tested with MariaDB only: watch the first days")
    return Finding("version", name)


def _encryption(connection: Talking, place: Place) -> Finding:
    ((_, version),) = _ask(connection, "SHOW SESSION STATUS LIKE 'Ssl_version'")
    seen = version or "no TLS"
    if place.unverified is None:
        here = "the server is verified" if place.tls else "the server is on this machine"
        return Finding("encryption", f"{seen}; {here}")
    return Finding(
        "encryption",
        f"{seen}; ssl_verify={place.unverified} does not verify which server answers",
        "warning",
        "set ssl_verify=full and ssl_ca=FILE in the DSN",
    )


def _tables(connection: Talking) -> dict[str, str]:
    """Tables and views of the database, as far as this user may see them: name to BASE TABLE or VIEW."""
    return dict(
        _ask(connection, "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = DATABASE()")
    )


def _granted(connection: Talking, table: str, where: str, parameters: Sequence[object] = ()) -> set[str]:
    """Rights of this user that a table of the information schema holds; those of roles are not among them."""
    grantee = "CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')"
    found = _ask(
        connection,
        f"SELECT privilege_type FROM information_schema.{table} WHERE grantee = {grantee} AND {where}",  # noqa: S608 - our own words
        parameters,
    )
    return {right for (right,) in found}


def _clean(connection: Talking, made: dict[str, str]) -> None:
    for name, kind in made.items():
        _ask(connection, f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} IF EXISTS {name}")


def _ask(connection: Talking, statement: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, tuple(parameters) or None)
            return list(cursor.fetchall()) if cursor.description else []
    except pymysql.MySQLError as error:
        raise Transient(f"MariaDB: {described(error)}") from None
