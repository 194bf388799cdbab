"""A PostgreSQL receiver that goes away, refuses, locks, cancels, or has no room left.

Each is what the server does by itself in such a case, with its own SQLSTATE; nothing is acted.
"""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from random import Random

import psycopg
from psycopg.conninfo import conninfo_to_dict

from local.chaos.fault import Kind
from local.chaos.postgres_admin import SCHEMA, act, blocked, expel, holding, rows_table
from local.system import DATABASE_USER, LocalSystem

STRIKE_SECONDS = 15.0
"""So long is waited for the sink to come to where it is struck: another fault may keep it away."""
POSITIONS = f"{SCHEMA}.positions"

Inject = Callable[[LocalSystem, Random], AbstractContextManager[str]]


def _restarted(number: signal.Signals) -> Inject:
    @contextmanager
    def inject(system: LocalSystem, random: Random) -> Iterator[str]:
        system.services.process(system.postgres.service.name).send(number)
        yield number.name

    return inject


def _ordered(breaking: Sequence[str], healing: Sequence[str]) -> Inject:
    """Orders of an administrator for the sink's user, which hold from its next session."""

    @contextmanager
    def inject(system: LocalSystem, random: Random) -> Iterator[str]:
        try:
            act(system, *breaking)
            expel(system)
            yield DATABASE_USER
        finally:
            act(system, *healing)

    return inject


@contextmanager
def _password_changed(system: LocalSystem, random: Random) -> Iterator[str]:
    dsn = system.directory.joinpath("secrets", "vitec.dsn").read_text("utf-8")
    right = conninfo_to_dict(dsn)["password"]
    orders = [f"ALTER ROLE {DATABASE_USER} PASSWORD '{password}'" for password in (f"{random.random()}", right)]
    with _ordered(orders[:1], orders[1:])(system, random) as target:
        yield target


def _locked(lock: Callable[[LocalSystem], str]) -> Inject:
    """Held for as long as the fault lasts; the sink gives up waiting now and then."""

    @contextmanager
    def inject(system: LocalSystem, random: Random) -> Iterator[str]:
        statement = lock(system)
        with holding(system, statement):
            yield statement

    return inject


def _against_writing(system: LocalSystem) -> str:
    """Conflicts with what writes, not with another of its kind."""
    return f"LOCK TABLE {rows_table(system)} IN SHARE MODE"


@contextmanager
def _deadlocked(system: LocalSystem, random: Random) -> Iterator[str]:
    """The sink has its positions and waits for its table; we have its table and wait for its positions."""
    met = False
    with suppress(psycopg.OperationalError), holding(system, _against_writing(system)) as ours:
        ours.execute("SET LOCAL deadlock_timeout = '60s'")  # the one that looks for deadlocks sooner is the one to die
        met = bool(blocked(ours, STRIKE_SECONDS))
        if met:
            ours.execute(f"SELECT 1 FROM {POSITIONS} FOR UPDATE".encode())  # noqa: S608 - our own name
    yield "the sink" if met else "nobody came"


@contextmanager
def _not_serializable(system: LocalSystem, random: Random) -> Iterator[str]:
    """Where the owner has chosen a stricter isolation: another session changes what the sink is about to change."""
    met = False
    try:
        act(system, f"ALTER ROLE {DATABASE_USER} SET default_transaction_isolation = 'repeatable read'")
        expel(system)
        with suppress(psycopg.OperationalError), holding(system, f"UPDATE {POSITIONS} SET filled = filled") as ours:  # noqa: S608 - our own name
            met = bool(blocked(ours, STRIKE_SECONDS))
            ours.commit()
        yield "the sink" if met else "nobody came"
    finally:
        act(system, f"ALTER ROLE {DATABASE_USER} RESET default_transaction_isolation")
        expel(system)


@contextmanager
def _cancelled(system: LocalSystem, random: Random) -> Iterator[str]:
    met: list[int] = []
    with suppress(psycopg.OperationalError), holding(system, _against_writing(system)) as ours:
        met = blocked(ours, STRIKE_SECONDS)
        for pid in met:
            ours.execute("SELECT pg_cancel_backend(%s)", [pid])
            time.sleep(random.uniform(0, 0.1))
    yield "the sink" if met else "nobody came"


def _triggered(name: str, does: str) -> Inject:
    """A trigger of the database's owner, at each write into the rows. It may do what an administrator may."""

    @contextmanager
    def inject(system: LocalSystem, random: Random) -> Iterator[str]:
        table = rows_table(system)
        try:
            act(
                system,
                f"CREATE OR REPLACE FUNCTION {SCHEMA}.{name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
                f"AS $$ BEGIN {does}; RETURN NULL; END $$",
                f"CREATE OR REPLACE TRIGGER {name} BEFORE INSERT ON {table} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.{name}()",
            )
            yield table
        finally:
            act(system, f"DROP FUNCTION IF EXISTS {SCHEMA}.{name}() CASCADE")

    return inject


ROLE = f"ALTER ROLE {DATABASE_USER}"
TABLES = f"INSERT, UPDATE ON ALL TABLES IN SCHEMA {SCHEMA}"
BRIEF, LONG, BEYOND_TIMEOUTS = (1.0, 3.0), (4.0, 8.0), (12.0, 15.0)


def _kind(name: str, inject: Inject, seconds: tuple[float, float] = LONG) -> Kind:
    return Kind(f"PostgreSQL: {name}", "database", inject, seconds)


KINDS = (
    _kind("restarted (fast)", _restarted(signal.SIGINT), BRIEF),
    _kind("restarted (immediate)", _restarted(signal.SIGQUIT), BRIEF),
    _kind("no connection left", _ordered([f"{ROLE} CONNECTION LIMIT 0"], [f"{ROLE} CONNECTION LIMIT -1"])),
    _kind("login revoked", _ordered([f"{ROLE} NOLOGIN"], [f"{ROLE} LOGIN"])),
    _kind("password changed", _password_changed),
    _kind(
        "rights revoked",
        _ordered([f"REVOKE {TABLES} FROM {DATABASE_USER}"], [f"GRANT {TABLES} TO {DATABASE_USER}"]),
    ),
    _kind("table locked", _locked(lambda system: f"LOCK TABLE {rows_table(system)} IN ACCESS EXCLUSIVE MODE")),
    _kind("positions locked", _locked(lambda system: f"SELECT 1 FROM {POSITIONS} FOR UPDATE")),  # noqa: S608 - our own name
    _kind("deadlock", _deadlocked, BRIEF),
    _kind("serialization failure", _not_serializable, BRIEF),
    _kind("statement cancelled", _cancelled, BRIEF),
    _kind("statement time-out", _triggered("chaos_slow", "PERFORM pg_sleep(600)"), BEYOND_TIMEOUTS),
    _kind("disk full", _triggered("chaos_full", "COPY (SELECT 1) TO '/dev/full'")),
)
