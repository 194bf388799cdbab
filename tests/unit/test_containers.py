"""Every command, path, port and variable of the containers that run our image is looked up in the code."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest

from local.utility import command_line
from local.utility.points_files import write_points
from local.utility.settings import ZONE
from local.utility.world import World
from runtime.registry import RemoteRegistry, schema_registry
from runtime.settings.load import PREFIX, load
from runtime.settings.tree import Settings
from tests.commands import parse
from tests.compose import CONFIG, OURS, ROOT, SERVICES, WITH_YOUR_KAFKA, Service, environment

READERS = [name for name in OURS if name != "utility"]
"""Those that read the settings."""
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
YOURS = {
    "METERSTREAM__KAFKA__BOOTSTRAP_SERVERS": "one.example:9093,two.example:9093",
    "METERSTREAM__KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
    "METERSTREAM__KAFKA__SASL__MECHANISM": "SCRAM-SHA-512",
    "METERSTREAM__KAFKA__SASL__USERNAME": "us",
    "METERSTREAM__KAFKA__SASL__PASSWORD": "a long one",
}


def settings_of(service: Service, folder: Path, given: Mapping[str, str] | None = None) -> Settings:
    """The settings as a container reads them; its points volume stands in ``folder``."""
    text = CONFIG.read_text("utf-8").replace("/var/lib/points", str(folder))
    (folder / "meterstream.toml").write_text(text, "utf-8")
    return load(folder / "meterstream.toml", environment(service, given), ("sources", "receivers"))


@pytest.fixture(scope="session")
def points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The points files that the utility's container writes, by its own code."""
    folder = tmp_path_factory.mktemp("points")
    options = command_line.parse(SERVICES["utility"]["command"][3:], datetime.now(ZONE))
    write_points(World(options.world, lambda: datetime.now(ZONE)), folder)
    return folder


@pytest.mark.parametrize("command", sorted({" ".join(SERVICES[name]["command"]) for name in OURS}))
def test_each_command_and_option_exists(command: str) -> None:
    parse(command.split())


@pytest.mark.parametrize("name", READERS)
def test_the_settings_hold_for_every_container(name: str, points: Path) -> None:
    settings = settings_of(SERVICES[name], points)
    assert settings.metrics.host == "0.0.0.0"
    assert isinstance(schema_registry(settings.registry, {}), RemoteRegistry)
    if "--receiver" in SERVICES[name]["command"]:
        assert SERVICES[name]["command"][-1] in settings.receivers


@pytest.mark.parametrize("name", READERS)
def test_they_hold_with_a_kafka_of_your_own_too(name: str, points: Path) -> None:
    settings = settings_of(WITH_YOUR_KAFKA[name], points, YOURS)
    assert settings.kafka.bootstrap_servers == YOURS["METERSTREAM__KAFKA__BOOTSTRAP_SERVERS"]
    assert settings.kafka.sasl.username == "us"
    assert settings.topics.replication_factor == 3
    assert settings.registry.url is None, "the ids that ship"


def test_each_receiver_of_the_settings_has_a_container(points: Path) -> None:
    started = {SERVICES[name]["command"][-1] for name in OURS if "--receiver" in SERVICES[name]["command"]}
    assert started == set(settings_of(SERVICES["producer"], points).receivers)


def test_ports_agree(points: Path) -> None:
    settings = settings_of(SERVICES["producer"], points)
    port = str(settings.metrics.port)
    assert f"EXPOSE {port}\n" in DOCKERFILE
    assert f" METERSTREAM__METRICS__PORT={port}\n" in DOCKERFILE
    assert f"http://127.0.0.1:{port}/healthz" in DOCKERFILE
    kafka = environment(SERVICES["kafka"])
    assert kafka["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{settings.kafka.bootstrap_servers}"
    utility = SERVICES["utility"]
    listening = utility["command"][utility["command"].index("--port") + 1]
    assert {source.url for source in settings.sources.values()} == {f"http://utility:{listening}"}
    assert f"http://127.0.0.1:{listening}/_status" in utility["healthcheck"]["test"][-1]


def test_the_database_address_is_that_of_the_database() -> None:
    database, dsn = environment(SERVICES["postgres"]), environment(SERVICES["sink-vitec"])["METERSTREAM_VITEC_DSN"]
    user, password, name = (database[f"POSTGRES_{part}"] for part in ("USER", "PASSWORD", "DB"))
    assert dsn == f"postgresql://{user}:{password}@postgres:5432/{name}?sslmode=disable"


def test_the_utility_and_the_producer_share_their_key() -> None:
    known = environment(SERVICES["producer"])["METERSTREAM_UTILITY_KEY"]
    assert environment(SERVICES["utility"])["UTILITY_API_KEY"] == known


def test_each_variable_of_ours_is_read_by_the_code() -> None:
    config = CONFIG.read_text("utf-8")
    utility = (ROOT / "local" / "utility" / "command_line.py").read_text("utf-8")
    for name in OURS:
        for variable in environment(SERVICES[name]):
            assert variable.startswith(PREFIX) or f'"{variable}"' in config + utility, variable


def test_a_container_is_given_longer_to_end_than_a_process_takes() -> None:
    for name in READERS:
        assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) > 20, name


@pytest.mark.parametrize("name", OURS)
def test_containers_of_ours_can_write_nothing_but_their_volumes_and_become_nobody_else(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["tmpfs"] == ["/tmp"]
    assert not {"privileged", "cap_add", "user", "devices", "pid", "network_mode"} & service.keys()
