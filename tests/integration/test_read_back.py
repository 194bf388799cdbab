"""`meterstream receivers read-back`: a feed on a real Kafka, a receiver that Momentum imports from, and its API."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from local.cluster import Cluster
from operations.command import main
from runtime.settings.receiver import PolicySettings
from schemas import exact, instants
from schemas.events import MeterValue
from sinks.layouts import layout_statements, load
from tests.momentum_stand_in import MomentumStandIn
from tests.receiver_databases import SQLiteReceiver
from tests.sink_rows import value
from tests.sink_system import SinkSystem, until

pytestmark = pytest.mark.services

Run = Callable[..., Result]

POINTS = """metering_point,category,receiver_key,valid_from,granularity
p1,,Skola å,,
p2,,Hall,2026-02-01,
p3,EL-EXT,Bad,,
p4,,,,
"""
API = """
[receivers.vitec.momentum_api]
url = "{url}"
token_url = "{url}/token"
client_id = "us"
client_secret = {{ env = "MOMENTUM_SECRET" }}
requests_per_second = 1000
take = 2
"""


def month(sequence: int, point: str, number: int, amount: str | None, **changed: Any) -> MeterValue:
    """A month's volume of 2026, in the zone +01:00."""
    begin, end = (
        (date(2026 + one // 12, one % 12 + 1, 1) - date(1970, 1, 1)).days * instants.DAY - instants.HOUR
        for one in (number - 1, number)
    )
    volume = None if amount is None else exact.parse(amount)
    quality = "missing" if volume is None else "measured"
    about: dict[str, Any] = {"period_start": begin, "period_end": end, "reading_at": end, "quality": quality}
    return value(sequence, metering_point=point, value=volume, consumption=volume, **about | changed)


VALUES = [
    *(month(number, "p1", number, f"{number}.000000000001") for number in range(1, 13)),
    month(13, "p1", 3, "0"),  # a correction
    *(month(20 + number, "p2", number, str(number)) for number in range(1, 4)),  # the first is not its own
    month(31, "p3", 1, "0.0025", consumption_unit="MWh"),
    month(32, "p3", 2, None),
    month(41, "p4", 1, "77"),  # no item of Momentum's
]


@pytest.fixture(scope="module")
def system(kafka: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SinkSystem]:
    """A receiver that has the feed's values."""
    folder = tmp_path_factory.mktemp("read-back")
    system = SinkSystem(kafka.bootstrap_servers, "read-back", folder, SQLiteReceiver(folder / "vitec.sqlite"))
    (folder / "points.csv").write_text(POINTS, "utf-8")
    system.publish(VALUES)
    worker = system.start()
    until(lambda: worker.metric("rows_written_total") > 0 and worker.metric("lag_records") == 0)
    worker.close()
    yield system
    system.close()


def imported(file: Path) -> list[dict[str, Any]]:
    """What Momentum finds in the receiver's layout."""
    (layout,) = load(["momentum"], file.parent, PolicySettings(), "+01:00")
    with closing(sqlite3.connect(file)) as connection:
        for statement in layout_statements(layout, "sqlite"):
            connection.execute(statement)
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute(f"SELECT * FROM {layout.view}")]
    for row in rows:
        row["StartDate"], row["StopDate"] = (date.fromisoformat(row[name][:10]) for name in ("StartDate", "StopDate"))
        row["Consumption"] = None if row["Consumption"] is None else Decimal(row["Consumption"])
    return rows


@pytest.fixture
def momentum(system: SinkSystem) -> Iterator[MomentumStandIn]:
    """Momentum, which has imported what the receiver has."""
    with MomentumStandIn(imported(system.folder / "vitec.sqlite")) as running:
        yield running


@pytest.fixture
def run(system: SinkSystem, momentum: MomentumStandIn) -> Run:
    config = system.folder / "read-back.toml"
    config.write_text(system.config.read_text("utf-8") + API.format(url=momentum.url), "utf-8")

    def command(*words: str, secret: str = "battery-staple") -> Result:
        command = ["--config", str(config), "receivers", "read-back", "vitec", "--year", "2026", *words]
        return CliRunner().invoke(main, command, env={"MOMENTUM_SECRET": secret})

    return command


def test_what_momentum_has_imported_is_equal(run: Run, momentum: MomentumStandIn) -> None:
    momentum.troubles = [503, 429]
    done = run()
    assert (done.exit_code, done.stdout) == (0, "equal: 16 equal, of 3 item keys\n"), done.output
    assert {path.split("/")[6] for path in momentum.asked} == {"Skola%20%C3%A5", "Hall", "Bad"}


def changed(item: dict[str, Any], key: str, month: int, **changes: Any) -> dict[str, Any]:
    return item | changes if item["ItemKey"] == key and item["StartDate"].month == month else item


@pytest.mark.parametrize(
    ("key", "month", "changes", "kind", "there", "here"),
    [
        ("Skola å", 5, {"Consumption": Decimal("5.000000000002")}, "different", "5.000000000002", "5.000000000001"),
        ("Skola å", 3, {"Consumption": None}, "missing there", "–", "0"),
        ("Bad", 2, {"Consumption": Decimal(0)}, "not in the feed", "0", "–"),
        ("Bad", 1, {"ConsumptionUnit": "kWh"}, "different", "0.0025", "0.0025"),
        ("Bad", 1, {"ConsumptionUnit": "m³"}, "unit", "0.0025", "0.0025"),
        ("Hall", 2, {"StartDate": date(2026, 4, 1)}, "missing there", "–", "2"),
    ],
)
def test_every_difference_is_found(
    run: Run, momentum: MomentumStandIn, key: str, month: int, changes: dict[str, Any], kind: str, there: str, here: str
) -> None:
    momentum.items = [changed(dict(item), key, month, **changes) for item in momentum.items]
    done = run("--json")
    assert done.exit_code == 2, done.output
    found = json.loads(done.stdout)
    assert found["verdict"] == "different"
    first = next(each for each in found["months"] if each["kind"] not in ("equal", "within tolerance"))
    assert (first["key"], first["month"], first["kind"]) == (key, f"2026-{month:02}", kind)
    assert (first["there"].split(" ")[0], first["here"].split(" ")[0]) == (there, here)


def test_a_difference_within_the_tolerance_is_none(run: Run, momentum: MomentumStandIn) -> None:
    changes = {"Consumption": Decimal("5.001")}
    momentum.items = [changed(dict(item), "Skola å", 5, **changes) for item in momentum.items]
    assert run("--tolerance", "0.001").stdout == "equal: 15 equal, 1 within tolerance, of 3 item keys\n"
    differs = run("--tolerance", "0.000998", "--show", "1")
    assert differs.exit_code == 2
    assert "different: 15 equal, 1 different, of 3 item keys" in differs.stdout
    assert "5.001 kWh" in differs.stdout


def test_a_key_that_momentum_does_not_know_is_a_difference(run: Run, momentum: MomentumStandIn) -> None:
    momentum.items = [item for item in momentum.items if item["ItemKey"] != "Hall"]
    done = run("--show", "1")
    assert done.exit_code == 2
    assert "the key is unknown" in done.stdout
    assert "and 1 more; --show 0 shows all" in done.stdout
    assert "14 equal, 2 missing there" in done.stdout


def test_a_wrong_secret_and_none_are_said(run: Run, momentum: MomentumStandIn) -> None:
    refused = run(secret="not-this-one")
    assert refused.exit_code == 70
    assert "the token endpoint answered 401; check auth" in refused.stderr
    assert "not-this-one" not in refused.output
    missing = run(secret="")
    assert missing.exit_code == 2
    assert "receivers.vitec.momentum_api.client_secret: environment variable MOMENTUM_SECRET is empty" in missing.stderr


def test_a_receiver_without_the_api_is_told_what_to_write(system: SinkSystem) -> None:
    done = CliRunner().invoke(main, ["--config", str(system.config), "receivers", "read-back", "vitec"])
    assert done.exit_code == 2
    assert "write the section [receivers.vitec.momentum_api]" in done.stderr
