"""A sink towards a PostgreSQL that takes TLS only: who is let in, and how each refusal looks in one line."""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from runtime.errors import Transient
from sinks.postgresql.database import Address, PostgreSQL
from tests.certificates import Authority, Pair
from tests.guarded_postgres import BY_CERTIFICATE, PASSWORD, GuardedPostgres, guarded_postgres, with_tls

pytestmark = pytest.mark.services

USER = "vitec"
SECONDS = 20.0


@pytest.fixture(scope="module", params=sorted({"front", "server"} if with_tls() else {"front"}))
def guarded(request: pytest.FixtureRequest) -> Iterator[GuardedPostgres]:
    """TLS before the package's server and, where this machine has one, a server that has TLS itself."""
    with guarded_postgres(with_tls() if request.param == "server" else None) as found:
        roles = f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'", f"CREATE ROLE {BY_CERTIFICATE} LOGIN"
        found.run(*roles, *(f"CREATE SCHEMA {name} AUTHORIZATION {name}" for name in (USER, BY_CERTIFICATE)))
        yield found


@pytest.fixture(scope="module")
def foreign(guarded: GuardedPostgres) -> Authority:
    return Authority(guarded.folder, "foreign")


def opened(dsn: str, schema: str = USER) -> str:
    """As whom a worker is let in over an encrypted connection."""
    with closing(PostgreSQL(Address("vitec", dsn, schema, SECONDS))) as database:
        database.connect()
        ((user,),) = database.execute("SELECT current_user::text")
        return str(user)


def refused(dsn: str) -> str:
    """Why a worker is not let in: one line without the password."""
    database = PostgreSQL(Address("vitec", dsn, USER, SECONDS))
    with pytest.raises(Transient) as caught:
        database.connect()
    why = str(caught.value)
    assert "\n" not in why
    assert PASSWORD not in why
    assert why.startswith("PostgreSQL of receiver vitec: ")
    assert why.endswith("; see receivers.vitec.dsn")
    return why


def shown(pair: Pair) -> dict[str, Any]:
    """The options that show a client certificate; libpq takes no key that others may read."""
    pair.key.chmod(0o600)
    return {"sslcert": pair.certificate, "sslkey": pair.key}


def test_a_password_over_a_verified_connection_is_let_in(guarded: GuardedPostgres) -> None:
    assert opened(guarded.dsn(USER, PASSWORD)) == USER


def test_the_password_is_never_stored_or_sent_in_the_clear(guarded: GuardedPostgres) -> None:
    with psycopg.connect(guarded.server.dsn()) as connection:
        found = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [USER]).fetchall()
    assert str(found[0][0]).startswith("SCRAM-SHA-256$")
    assert opened(guarded.dsn(USER, PASSWORD, require_auth="scram-sha-256")) == USER


def test_a_certificate_is_let_in_without_a_password(guarded: GuardedPostgres) -> None:
    own = guarded.authority.issue(BY_CERTIFICATE)
    assert opened(guarded.dsn(BY_CERTIFICATE, **shown(own)), BY_CERTIFICATE) == BY_CERTIFICATE


@pytest.mark.parametrize("password", ["wrong", None])
def test_a_wrong_or_missing_password_is_refused(guarded: GuardedPostgres, password: str | None) -> None:
    assert "password" in refused(guarded.dsn(USER, password))


def test_an_unknown_user_is_refused(guarded: GuardedPostgres) -> None:
    assert "authentication failed" in refused(guarded.dsn("nobody_we_know", PASSWORD))


def test_a_connection_without_tls_is_refused_by_the_server(guarded: GuardedPostgres) -> None:
    why = refused(guarded.dsn(USER, PASSWORD, sslmode="disable"))
    assert ("closed the connection" if guarded.front else "no pg_hba.conf entry") in why


def test_a_server_of_another_authority_is_not_trusted(guarded: GuardedPostgres, foreign: Authority) -> None:
    assert "certificate verify failed" in refused(guarded.dsn(USER, PASSWORD, sslrootcert=foreign.file))


def test_without_an_authority_of_our_own_those_of_the_system_decide(guarded: GuardedPostgres) -> None:
    assert "certificate verify failed" in refused(guarded.dsn(USER, PASSWORD, sslrootcert="system"))


def test_a_server_whose_certificate_is_of_another_host_is_not_trusted(guarded: GuardedPostgres) -> None:
    with guarded.showing(guarded.authority.issue("elsewhere", hosts=("db.example",))):
        why = eventually_refused(guarded, "does not match host name")
    assert "127.0.0.1" in why


def test_a_server_whose_certificate_has_expired_is_not_trusted(guarded: GuardedPostgres) -> None:
    with guarded.showing(guarded.authority.issue("late", days=-1)):
        eventually_refused(guarded, "certificate")


def eventually_refused(guarded: GuardedPostgres, what: str) -> str:
    """Once the server has read its files again."""
    end = time.monotonic() + 60
    while True:
        try:
            opened(guarded.dsn(USER, PASSWORD))
        except Transient:
            break
        assert time.monotonic() < end, "it still shows the old certificate"
        time.sleep(0.1)
    why = refused(guarded.dsn(USER, PASSWORD))
    assert what in why
    return why


def test_a_foreign_client_certificate_is_refused(guarded: GuardedPostgres, foreign: Authority) -> None:
    foreigner = foreign.issue("foreigner")
    why = refused(guarded.dsn(BY_CERTIFICATE, **shown(foreigner)))
    assert "unknown ca" in why or "closed the connection" in why or "reset" in why


def test_a_missing_certificate_or_that_of_another_role_is_refused(guarded: GuardedPostgres) -> None:
    """The front only looks at who issued it; that it belongs to the role is the server's to see."""
    another = guarded.authority.issue("another")
    if guarded.front is None:
        assert "valid client certificate" in refused(guarded.dsn(BY_CERTIFICATE))
        assert "authentication failed" in refused(guarded.dsn(BY_CERTIFICATE, **shown(another)))
    assert "password" in refused(guarded.dsn(USER, "wrong", **shown(another)))
