"""What the compose files refer to is there: files, volumes, services, ports; for the monitoring too."""

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from local import apicurio
from tests.compose import COMPOSE, OURS, ROOT, SERVICES, WITH_YOUR_KAFKA, YOUR_KAFKA, Service, environment

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
BOTH = {"as it stands": SERVICES, "with your Kafka": WITH_YOUR_KAFKA}
METRICS_PORT = environment(SERVICES["producer"])["METERSTREAM__METRICS__PORT"]
REACHED = {"grafana": 3000, "prometheus": 9090, "alertmanager": 9093}


def parsed(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text("utf-8"))


def mounts(service: Service) -> dict[str, str]:
    """What of the repository, or which volume, stands where."""
    split = [volume.split(":") for volume in service.get("volumes", [])]
    return {place: source for source, place, *_ in split}


@pytest.mark.parametrize("services", BOTH.values(), ids=BOTH)
def test_every_reference_between_services_resolves(services: dict[str, Service]) -> None:
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "test" in services[other]["healthcheck"], f"{name} waits for {other}, which tells no health"
            else:
                assert services[other]["restart"] == "on-failure", f"{name} waits for the end of {other}"
        for source in mounts(service).values():
            assert (ROOT / source).exists() if source.startswith("./") else source in COMPOSE["volumes"], source
        if "build" in service:
            assert f" AS {service['build']['target']}\n" in DOCKERFILE


def test_every_address_between_services_is_one_of_a_service() -> None:
    for name, service in SERVICES.items():
        for value in environment(service).values():
            for host in re.findall(r"(?:https?://|@)([a-z][a-z0-9-]*):\d+", value):
                assert host in SERVICES, f"{name}: {value}"


def test_your_kafka_takes_the_place_of_the_containers_for_every_process_that_uses_it() -> None:
    assert SERVICES.keys() - WITH_YOUR_KAFKA.keys() == {"kafka", "registry"}
    assert YOUR_KAFKA["services"].keys() - {"kafka", "registry"} == set(OURS) - {"utility"}
    for service in WITH_YOUR_KAFKA.values():
        assert "kafka:9092" not in str(service)


def test_every_volume_is_used_and_every_image_is_pinned() -> None:
    used = set(itertools.chain.from_iterable(mounts(service).values() for service in SERVICES.values()))
    assert set(COMPOSE["volumes"]) <= used
    for name, service in SERVICES.items():
        assert "build" in service or re.search(r":v?\d+(\.\d+)*$", service["image"]), f"{name}: {service['image']}"


def test_the_registry_is_the_one_that_the_tests_run() -> None:
    assert SERVICES["registry"]["image"].endswith(f":{apicurio.VERSION}")
    address = environment(SERVICES["producer"])["METERSTREAM__REGISTRY__URL"]
    port = environment(SERVICES["registry"])["QUARKUS_HTTP_PORT"]
    assert address == f"http://registry:{port}{apicurio.API}"
    check = SERVICES["registry"]["healthcheck"]["test"][-1]
    assert f"/dev/tcp/127.0.0.1/{port}" in check
    assert f"GET {apicurio.API}/subjects" in check


def test_no_container_gains_privileges_or_is_reached_from_another_machine() -> None:
    for name, service in SERVICES.items():
        assert service["security_opt"] == ["no-new-privileges:true"], name
        port = REACHED.get(name)
        assert service.get("ports", []) == ([f"127.0.0.1:{port}:{port}"] if port else []), name


def test_prometheus_reads_its_rules_and_asks_each_process_that_there_is() -> None:
    assert mounts(SERVICES["prometheus"])["/etc/prometheus"] == "./deploy/prometheus"
    config = parsed("deploy/prometheus/prometheus.yml")
    asked: dict[str, set[str]] = {}
    for job in config["scrape_configs"]:
        targets = [target for group in job["static_configs"] for target in group["targets"]]
        asked[job["job_name"]] = set(targets)
    kinds = {"producer": "producer", "streams": "streams", "sink": "sinks", "observer": "observer"}
    for name in set(OURS) - {"utility", "topics"}:
        assert f"{name}:{METRICS_PORT}" in asked[kinds[name.split("-")[0]]], name
    for target in itertools.chain.from_iterable(asked.values()):
        assert target.split(":")[0] in {*SERVICES, "localhost"}, target
    for pattern in config["rule_files"]:
        assert list((ROOT / "deploy" / "prometheus").glob(pattern)), pattern


def test_the_command_asks_whom_prometheus_asks() -> None:
    config = parsed("deploy/prometheus/prometheus.yml")
    ours = ("producer", "streams", "sinks", "observer")
    jobs = [job for job in config["scrape_configs"] if job["job_name"] in ours]
    asked = {target for job in jobs for group in job["static_configs"] for target in group["targets"]}
    (listed,) = json.loads((ROOT / "deploy" / "compose" / "targets.json").read_text("utf-8"))
    assert set(listed["targets"]) == asked


def test_alerts_reach_the_alertmanager_and_whom_it_tells_is_a_folder_of_the_host() -> None:
    managers = parsed("deploy/prometheus/prometheus.yml")["alerting"]["alertmanagers"]
    targets = [target for one in managers for group in one["static_configs"] for target in group["targets"]]
    assert targets == [f"alertmanager:{REACHED['alertmanager']}"]
    config = (ROOT / "deploy" / "prometheus" / "alertmanager.yml").read_text("utf-8")
    for file in re.findall(r"_file: (\S+)", config):
        assert str(Path(file).parent) in mounts(SERVICES["alertmanager"]), file


def test_grafana_finds_its_boards_and_what_they_ask() -> None:
    places, variables = mounts(SERVICES["grafana"]), environment(SERVICES["grafana"])
    assert places["/etc/grafana/provisioning"] == "./deploy/grafana/provisioning"
    sources = parsed("deploy/grafana/provisioning/datasources/meterstream.yaml")["datasources"]
    for source in sources:
        variable = source["url"].removeprefix("$")
        assert variables[variable] == f"http://{source['type']}:{REACHED[source['type']]}"
    for provider in parsed("deploy/grafana/provisioning/dashboards/meterstream.yaml")["providers"]:
        assert places[provider["options"]["path"]] == "./deploy/grafana/dashboards"
    home = variables["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    folder, _, board = home.rpartition("/")
    assert (ROOT / places[folder] / board).is_file()
