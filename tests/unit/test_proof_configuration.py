"""The configuration that a report is made of: everything that decides what is delivered, and no secret."""

from pathlib import Path

import msgspec
import pytest

from operations.proof.configuration import Configuration, configuration
from operations.receivers.stages import Chosen
from runtime.errors import ConfigError
from runtime.settings.load import load

DSN = "postgresql://anna:hemligt@db.example:5433/energi?sslmode=verify-full"
SETTINGS = """
[receivers.vitec]
database = "postgresql"
dsn = { env = "DSN" }
points = "points.csv"
layouts = ["plain"]
zone = "+01:00"
"""


def of(folder: Path, settings: str = SETTINGS, points: str = "p1,", dsn: str = DSN) -> Configuration:
    (folder / "points.csv").write_text(f"metering_point,category\n{points}\n", "utf-8")
    (folder / "meterstream.toml").write_text(settings, "utf-8")
    return configuration(Chosen(load(folder / "meterstream.toml", {}), "vitec", "production"), {"DSN": dsn})


def test_it_says_where_the_stage_stands_and_holds_no_secret(tmp_path: Path) -> None:
    found = of(tmp_path)
    place = {"host": "db.example", "port": "5433", "dbname": "energi"}
    assert found.address == {"database": "postgresql", "schema": "meterstream", **place}
    text = msgspec.json.encode(found).decode()
    assert "hemligt" not in text
    assert "anna" not in text


def test_it_is_another_one_exactly_where_something_that_is_delivered_changes(tmp_path: Path) -> None:
    same = of(tmp_path).fingerprint
    assert of(tmp_path, dsn=DSN.replace("anna:hemligt", "eva:nytt")).fingerprint == same
    others = [
        of(tmp_path, points="p2,"),
        of(tmp_path, dsn=DSN.replace("5433", "5434")),
        of(tmp_path, SETTINGS.replace("plain", "momentum")),
        of(tmp_path, SETTINGS.replace("+01:00", "UTC")),
        of(tmp_path, SETTINGS + '[receivers.vitec.policy]\nestimated = "wait"\n'),
        of(tmp_path, SETTINGS + "history_from = 2026-01-01\n"),
    ]
    assert len({other.fingerprint for other in others} | {same}) == len(others) + 1


@pytest.mark.parametrize("dsn", ["", "postgresql://["])
def test_a_dsn_that_cannot_be_read_is_said_and_never_shown(tmp_path: Path, dsn: str) -> None:
    if dsn:
        assert of(tmp_path, dsn=dsn).address == {"database": "postgresql", "schema": "meterstream"}
        return
    with pytest.raises(ConfigError, match="dsn: environment variable DSN is empty"):
        of(tmp_path, dsn=dsn)
