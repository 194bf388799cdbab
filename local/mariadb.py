"""A real MariaDB on loopback, from the programs of this system (Debian: mariadb-server-core).

    with MariaDBServer(directory) as server:
        server.create_database("receiver")
        ...  # server.dsn("receiver")

It listens on 127.0.0.1 and on a socket in its own directory, and knows one user, whose password is made at random with
the data directory and kept beside it, mode 0600. Started by root it runs as `nobody`, as PostgreSQL does.
"""

import os
import pwd
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from local.local_service import LocalService
from local.ports import free_port, require_free
from local.postgres import UNPRIVILEGED, make_passable
from local.process import Service, ServiceError, ServiceProcess

INSTALL = "MariaDB is not installed: apt-get install mariadb-server-core"
SUPERUSER = "meterstream"
START_SECONDS = 30.0
PLACES = ("/usr/sbin", "/usr/libexec", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin")
SETTINGS = {
    "bind-address": "127.0.0.1",
    "skip-name-resolve": "ON",
    "socket": "mariadb.sock",  # in the data directory
    "innodb-data-file-path": "ibdata1:4M:autoextend",
    "log-warnings": "1",
}


class MariaDBServer(LocalService):
    """One MariaDB server. The same data directory carries on the same databases.

    Attributes:
        data_dir: Holds the data, the password and the server's output (`mariadb.log`).
        port: Where clients connect. With 0 given, a free one is chosen once, at the first start of this object.
        service: Name, log, stop signal and system user, for a supervisor.
    """

    def __init__(self, data_dir: Path, port: int = 0, settings: Mapping[str, str] | None = None) -> None:
        """Takes where and how, starts nothing.

        Args:
            data_dir: See above.
            port: See above.
            settings: the server's options, over ours.
        """
        self.data_dir = data_dir.absolute()
        self.port = port
        user = UNPRIVILEGED if os.geteuid() == 0 else None
        self.service = Service(name="MariaDB", log=self.data_dir / "mariadb.log", user=user)
        self._settings = {**SETTINGS, **(settings or {})}

    @property
    def password(self) -> str:
        """The user's password; known after `start`."""
        return self._password_file.read_text(encoding="ascii")

    def dsn(self, database: str) -> str:
        """The connection address of a database, as a receiver's settings have it."""
        return f"mariadb://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/{quote(database, safe='')}"

    def connect(self, database: str | None = None) -> "Connection[Cursor]":
        """A connection of the superuser that commits each statement."""
        return Connection(
            host="127.0.0.1",
            port=self.port,
            user=SUPERUSER,
            password=self.password,
            database=database,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=2,
            ssl_disabled=True,
        )

    def create_database(self, name: str) -> None:
        """Creates an empty database.

        Raises:
            pymysql.err.ProgrammingError: It exists.
        """
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE `{name.replace('`', '``')}`")

    def start(self) -> None:
        """Starts the server and waits until it answers. Does nothing if it runs.

        Raises:
            ServiceError: It is not installed, the port is taken, or it did not come up; then the message holds its
                log's end.
        """
        if self.alive:
            return
        self.prepare()
        require_free(self.port)
        self._process = ServiceProcess(self.service, self.command())
        self._process.wait_ready(self.ready, START_SECONDS)

    def prepare(self) -> None:
        """Makes the data directory ready: port, password, system tables made once. Starts nothing that stays.

        Raises:
            ServiceError: MariaDB is not installed, or the tables cannot be made.
        """
        program()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        if self.service.user:
            make_passable(self.data_dir)
        if not self._data.exists():
            self._make_data()

    def command(self) -> list[str]:
        """The command line of the server process, after `prepare`. Run it as `service.user`."""
        return [*self._program(self._data), f"--port={self.port}"]

    def ready(self) -> bool:
        """Whether the server accepts a connection now."""
        try:
            self.connect().close()
        except pymysql.MySQLError:
            return False
        return True

    @property
    def _data(self) -> Path:
        return self.data_dir / "data"

    @property
    def _password_file(self) -> Path:
        return self.data_dir / "password"

    def _program(self, data: Path) -> list[str]:
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        return [str(program()), "--no-defaults", f"--datadir={data}", *options]

    def _make_data(self) -> None:
        # Made under another name: a directory called `data` is always a whole one.
        unfinished = self.data_dir / "unfinished"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir(mode=0o700)
        self._password_file.unlink(missing_ok=True)
        password = secrets.token_hex(16)
        with os.fdopen(
            os.open(self._password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii"
        ) as file:
            file.write(password)
        if self.service.user:
            user = pwd.getpwnam(self.service.user)
            os.chown(unfinished, user.pw_uid, user.pw_gid)
        done = subprocess.run(
            [*self._program(unfinished), "--bootstrap"],
            input=_first_statements(password),
            user=self.service.user,
            group=self.service.group,
            extra_groups=self.service.extra_groups,
            cwd="/",
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").replace(password, "…")
            raise ServiceError(f"MariaDB's tables in {unfinished} cannot be made:\n{said}")
        unfinished.rename(self._data)


def program() -> Path:
    """The server's program.

    Raises:
        ServiceError: It is not installed.
    """
    found = shutil.which("mariadbd") or shutil.which("mariadbd", path=os.pathsep.join(PLACES))
    if found is None:
        raise ServiceError(INSTALL)
    return Path(found)


def _first_statements(password: str) -> bytes:
    """What a new server is told: its system tables, and no users but ours."""
    scripts = program().resolve().parents[1] / "share" / "mysql"
    try:
        tables = [(scripts / f"mysql_system_tables{part}.sql").read_bytes() for part in ("", "_data")]
    except OSError as error:
        raise ServiceError(f"MariaDB's own scripts are not in {scripts} ({error.strerror}); {INSTALL}") from None
    us = f"{SUPERUSER}@'127.0.0.1'"
    ours = (
        "DELETE FROM global_priv WHERE User <> 'mariadb.sys'",
        "FLUSH PRIVILEGES",
        f"CREATE USER {us} IDENTIFIED BY '{password}'",
        f"GRANT ALL ON *.* TO {us} WITH GRANT OPTION",
    )
    return b"".join([b"CREATE DATABASE mysql;\nUSE mysql;\n", *tables, *(f"{one};\n".encode() for one in ours)])
