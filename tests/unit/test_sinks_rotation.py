"""Credentials that change while a worker delivers: which ones are tried, and what is said of it."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.errors import ConfigError, Transient
from runtime.settings.load import load
from runtime.settings.secret import MissingSecret, Secret, Secrets
from sinks.database import CredentialsRefused, Database
from sinks.rotation import rotating


class Server:
    """Knows which passwords it takes, and who tried which."""

    def __init__(self, *accepted: str) -> None:
        self.accepted = set(accepted)
        self.tried: list[str] = []


class Door:
    """As much of a database as is needed to come in."""

    def __init__(self, server: Server, dsn: str) -> None:
        if "=" in dsn:
            raise ConfigError(["receivers.vitec.dsn: not a connection string"])
        self.server = server
        self.dsn = dsn
        self.open = False

    def connect(self) -> None:
        self.server.tried.append(self.dsn)
        if self.dsn not in self.server.accepted:
            raise CredentialsRefused("PostgreSQL of receiver vitec: it does not let us in")
        self.open = True

    def close(self) -> None:
        self.open = False


def database(server: Server, *places: Secret) -> Database:
    def read() -> Sequence[tuple[Secret, str]]:
        return Secrets(places).readable({})

    return rotating("vitec", read, lambda dsn: cast(Database, Door(server, dsn)))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    new, old = tmp_path / "new", tmp_path / "old"
    new.write_text("new-password\n")
    old.write_text("old-password\n")
    return new, old


def test_the_old_one_is_tried_where_the_new_one_is_refused_and_its_place_is_logged(
    files: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    new, old = files
    server = Server("old-password")
    caplog.set_level(logging.INFO)
    door = database(server, Secret(file=new), Secret(file=old))
    door.connect()
    server.accepted = {"new-password"}
    door.connect()
    door.connect()
    assert server.tried == ["new-password", "old-password", "new-password", "new-password"]
    assert [record.getMessage() for record in caplog.records] == [
        f"the database refuses the credentials of file {new}",
        f"the database accepts the credentials of file {old}",
        f"the database accepts the credentials of file {new}",
    ]


def test_a_secret_is_read_at_each_connection(files: tuple[Path, Path]) -> None:
    new, _ = files
    server = Server("third")
    door = database(server, Secret(file=new))
    with pytest.raises(CredentialsRefused):
        door.connect()
    new.write_text("third")
    door.connect()
    assert server.tried == ["new-password", "third"]


def test_what_is_reached_is_what_was_connected_to_last(files: tuple[Path, Path]) -> None:
    new, old = files
    server = Server("old-password")
    door = database(server, Secret(file=new), Secret(file=old))
    door.connect()
    assert cast(Door, door).dsn == "old-password"
    server.accepted = {"new-password"}
    door.connect()
    assert cast(Door, door).dsn == "new-password"


def test_a_secret_that_is_gone_or_no_dsn_while_it_is_changed_is_waited_for(files: tuple[Path, Path]) -> None:
    new, _ = files
    server = Server("new-password")
    door = database(server, Secret(file=new))
    new.unlink()
    with pytest.raises(Transient, match=f"receivers.vitec.dsn: file {new} cannot be read"):
        door.connect()
    new.write_text("half=")
    with pytest.raises(Transient, match="not a connection string"):
        door.connect()
    new.write_text("new-password")
    door.connect()


def test_one_that_is_not_there_yet_is_passed_over(files: tuple[Path, Path]) -> None:
    new, old = files
    new.unlink()
    server = Server("old-password")
    database(server, Secret(file=new), Secret(file=old)).connect()
    assert server.tried == ["old-password"]


def test_at_the_start_what_cannot_be_read_at_all_is_a_mistake_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"receivers.vitec.dsn: .*none cannot be read.*nor cannot be read"):
        database(Server(), Secret(file=tmp_path / "none"), Secret(file=tmp_path / "nor"))


def test_a_list_of_secrets_is_read_from_the_settings(files: tuple[Path, Path]) -> None:
    folder = files[0].parent
    (folder / "points.csv").write_text("metering_point,category\n1,\n")
    config = folder / "meterstream.toml"
    config.write_text(
        '[receivers.vitec]\ndatabase = "postgresql"\npoints = "points.csv"\n'
        'dsn = [{ file = "new" }, { env = "NO_SUCH_VARIABLE" }]\n'
    )
    dsn = load(config, {}, ("receivers.vitec",)).receivers["vitec"].dsn
    assert dsn == Secrets((Secret(file=folder / "new"), Secret(env="NO_SUCH_VARIABLE")))
    files[0].unlink()
    with pytest.raises(ConfigError) as caught:
        load(config, {}, ("receivers.vitec",))
    assert len(caught.value.problems) == 2


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.text("abcXYZ0189#!", min_size=12, max_size=30), second=st.text("abcXYZ0189#!", min_size=12, max_size=30)
)
def test_no_text_of_a_secret_is_ever_said(
    first: str, second: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    caplog.set_level(logging.DEBUG)
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text(first)
    two.write_text(second)
    secrets = Secrets((Secret(file=one), Secret(file=two), Secret(text=first)))
    door = rotating("vitec", lambda: secrets.readable({}), lambda dsn: cast(Database, Door(Server(), dsn)))
    said = [repr(secrets), str(secrets), repr(door)]
    with pytest.raises(CredentialsRefused) as caught:
        door.connect()
    one.unlink()
    two.write_text("")
    with pytest.raises(MissingSecret) as missing:
        Secrets(secrets.places[:2]).readable({})
    said += [repr(caught.value), str(missing.value), caplog.text, *(str(vars(record)) for record in caplog.records)]
    for text in said:
        assert first not in text
        assert second not in text
