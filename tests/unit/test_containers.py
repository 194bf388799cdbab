"""Every command, path, port and variable of the container files is looked up in the code, without an engine."""

import os
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.utility.command_line import parse
from local.utility.points_files import write_points
from local.utility.settings import ZONE
from local.utility.world import World
from runtime.settings.load import PREFIX, load
from runtime.settings.tree import Settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
OURS = sorted(name for name, service in SERVICES.items() if service["image"].startswith("meterstream"))
CONFIG = ROOT / "deploy" / "compose" / "meterstream.toml"


def environment(name: str) -> dict[str, str]:
    """A service's variables, with the defaults of ``${NAME:-default}``."""
    found: dict[str, str] = SERVICES[name].get("environment", {})
    return {key: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for key, value in found.items()}


def settings_of(name: str, folder: Path) -> Settings:
    """The settings as a container reads them; its points volume stands in ``folder``."""
    text = CONFIG.read_text("utf-8").replace("/var/lib/points", str(folder))
    (folder / "meterstream.toml").write_text(text, "utf-8")
    return load(folder / "meterstream.toml", environment(name), ("sources", "receivers"))


@pytest.fixture(scope="session")
def points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The points files that the utility's container writes, by its own code."""
    folder = tmp_path_factory.mktemp("points")
    options = parse(SERVICES["utility"]["command"][3:], datetime.now(ZONE))
    write_points(World(options.world, lambda: datetime.now(ZONE)), folder)
    return folder


@pytest.mark.parametrize("name", OURS)
def test_each_command_and_option_exists(name: str) -> None:
    command = list(SERVICES[name]["command"])
    options = [word for word in command if word.startswith("--")]
    if command[0] == "python":
        command[0] = sys.executable
        called = command[:3]
    else:
        called = [str(Path(sys.executable).with_name(command[0])), *command[1:]]
    shown = subprocess.run(
        [*called, "--help"], cwd=ROOT, capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "200"}
    )
    for option in options:
        assert option in shown.stdout


@pytest.mark.parametrize("name", [name for name in OURS if name != "utility"])
def test_the_settings_hold_for_every_container(name: str, points: Path) -> None:
    settings = settings_of(name, points)
    assert settings.metrics.host == "0.0.0.0"
    if "--receiver" in SERVICES[name]["command"]:
        assert SERVICES[name]["command"][-1] in settings.receivers


def test_each_receiver_of_the_settings_has_a_container(points: Path) -> None:
    started = {SERVICES[name]["command"][-1] for name in OURS if "--receiver" in SERVICES[name]["command"]}
    assert started == set(settings_of("producer", points).receivers)


def test_ports_agree(points: Path) -> None:
    settings = settings_of("producer", points)
    port = str(settings.metrics.port)
    assert f"EXPOSE {port}\n" in DOCKERFILE
    assert f" METERSTREAM__METRICS__PORT={port}\n" in DOCKERFILE
    assert f"http://127.0.0.1:{port}/healthz" in DOCKERFILE
    assert environment("kafka")["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{settings.kafka.bootstrap_servers}"
    utility = SERVICES["utility"]
    listening = utility["command"][utility["command"].index("--port") + 1]
    assert {source.url for source in settings.sources.values()} == {f"http://utility:{listening}"}
    assert f"http://127.0.0.1:{listening}/_status" in utility["healthcheck"]["test"][-1]


def test_the_database_address_is_that_of_the_database() -> None:
    database, dsn = environment("postgres"), environment("sink-vitec")["METERSTREAM_VITEC_DSN"]
    user, password, name = (database[f"POSTGRES_{part}"] for part in ("USER", "PASSWORD", "DB"))
    assert dsn == f"postgresql://{user}:{password}@postgres:5432/{name}?sslmode=disable"


def test_the_utility_and_the_producer_share_their_key() -> None:
    assert environment("utility")["UTILITY_API_KEY"] == environment("producer")["METERSTREAM_UTILITY_KEY"]


def test_each_variable_of_ours_is_read_by_the_code() -> None:
    config = CONFIG.read_text("utf-8")
    utility = (ROOT / "local" / "utility" / "command_line.py").read_text("utf-8")
    for name in OURS:
        for variable in environment(name):
            assert variable.startswith(PREFIX) or f'"{variable}"' in config + utility, variable


def test_every_reference_inside_the_compose_file_resolves() -> None:
    for name, service in SERVICES.items():
        depends = service.get("depends_on", {})
        assert set(depends) <= set(SERVICES), name
        for other, how in depends.items():
            if how["condition"] == "service_healthy":
                assert "test" in SERVICES[other]["healthcheck"], f"{name} waits for {other}, which tells no health"
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (ROOT / source).exists() if source.startswith("./") else source in COMPOSE["volumes"], volume
        if "build" in service:
            assert f" AS {service['build']['target']}\n" in DOCKERFILE


def test_every_file_the_image_copies_is_there_and_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, flags=re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert copied
    for source in copied:
        assert (ROOT / source).exists(), source
        assert any(source == one or source.startswith(f"{one}/") for one in kept), f"{source} is ignored"


def test_every_volume_is_writable_by_the_user_of_the_image() -> None:
    """A new volume takes the owner of the directory that it is mounted over."""
    made = re.search(r"install -d -o meterstream (.+)", DOCKERFILE)
    assert made
    for name in OURS:
        for volume in SERVICES[name].get("volumes", []):
            source, place, *mode = volume.split(":")
            if source in COMPOSE["volumes"] and mode != ["ro"]:
                assert place in made[1].split(), volume


def test_containers_run_without_root_and_hold_no_secret() -> None:
    assert DOCKERFILE.index("USER meterstream") < DOCKERFILE.index("FROM runtime AS trial")
    assert not re.search(r"(?i)(password|secret|key)\s*=", DOCKERFILE)


@pytest.mark.parametrize("name", OURS)
def test_containers_of_ours_can_write_nothing_but_their_volumes_and_become_nobody_else(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == ["/tmp"]
    assert not {"privileged", "cap_add", "user", "devices", "pid", "network_mode"} & service.keys()


def test_no_container_gains_privileges_or_is_reached_from_outside() -> None:
    for name, service in SERVICES.items():
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "ports" not in service, name


def test_the_image_installs_what_the_locks_hold_and_nothing_else() -> None:
    installs = re.findall(r"pip install ([^\\&\n]+)", DOCKERFILE)
    assert len(installs) == 3
    for options in installs:
        assert "--require-hashes -r " in options or "--no-deps --no-index dist/*.whl" in options
