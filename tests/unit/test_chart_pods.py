"""How the chart's pods run: without rights, found by who must find them, ended in peace, never two of a kind."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.helm import rendering
from deploy.helm.carried import CHART
from tests.chart import Pod, of_kind, pods, selects, workers
from tests.compose import ROOT

SETS = rendering.VALUE_SETS
PODS = [pytest.param(name, pod, id=f"{name}: {pod.name}") for name in SETS for pod in pods(name)]
WORKERS = [pytest.param(name, pod, id=f"{name}: {pod.name}") for name in SETS for pod in workers(name)]
DRAIN = 20
"""Seconds after which a process gives up what it has in hand."""


@pytest.mark.parametrize(("name", "pod"), PODS)
def test_a_pod_can_do_nothing_but_its_work(name: str, pod: Pod) -> None:
    assert pod.spec["automountServiceAccountToken"] is False
    assert pod.spec["enableServiceLinks"] is False
    security = pod.spec["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod.container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.spec.keys()
    assert all("hostPath" not in volume for volume in pod.spec["volumes"])


@pytest.mark.parametrize(("name", "pod"), PODS)
def test_it_runs_as_the_user_of_the_image(name: str, pod: Pod) -> None:
    user, group = pod.spec["securityContext"]["runAsUser"], pod.spec["securityContext"]["runAsGroup"]
    assert f"USER {user}:{group}\n" in (ROOT / "Dockerfile").read_text("utf-8")


@pytest.mark.parametrize(("name", "pod"), PODS)
def test_it_may_write_where_it_must_and_nowhere_else(name: str, pod: Pod) -> None:
    mounts = pod.container["volumeMounts"]
    assert {mount["name"] for mount in mounts} == {volume["name"] for volume in pod.spec["volumes"]}
    writable = {mount["mountPath"] for mount in mounts if not mount.get("readOnly")}
    keeps_files = "--receiver" in pod.command and "portal" in pod.command
    assert writable == {"/tmp"} | ({"/var/lib/meterstream"} if keeps_files else set())


@pytest.mark.parametrize(("name", "pod"), PODS)
def test_it_is_given_memory_and_time_to_end(name: str, pod: Pod) -> None:
    assert pod.spec["terminationGracePeriodSeconds"] > DRAIN + 10
    resources = pod.container["resources"]
    assert {"cpu", "memory"} <= resources["requests"].keys()
    assert "memory" in resources["limits"]


@pytest.mark.parametrize(("name", "pod"), WORKERS)
def test_a_worker_is_looked_after_at_the_port_that_it_serves(name: str, pod: Pod) -> None:
    (port,) = pod.container["ports"]
    assert str(port["containerPort"]) == pod.plain()["METERSTREAM__METRICS__PORT"]
    probes = {"livenessProbe": "/healthz", "readinessProbe": "/readyz", "startupProbe": "/healthz"}
    for probe, path in probes.items():
        assert pod.container[probe]["httpGet"] == {"path": path, "port": port["name"]}


@pytest.mark.parametrize(("name", "pod"), WORKERS)
def test_a_worker_is_never_run_twice_beside_itself(name: str, pod: Pod) -> None:
    """Of streams there are several: they go one after another, so that each has its state before the next one goes."""
    strategy = pod.owner["spec"]["strategy"]
    if pod.labels["app.kubernetes.io/component"] == "streams":
        assert strategy["rollingUpdate"] == {"maxUnavailable": 1, "maxSurge": 0}
    else:
        assert strategy == {"type": "Recreate"}
        assert pod.owner["spec"]["replicas"] == 1


@pytest.mark.parametrize("name", SETS)
def test_a_deployment_means_its_own_pods_and_no_other_s(name: str) -> None:
    every = list(workers(name))
    for pod in every:
        selector = pod.owner["spec"]["selector"]["matchLabels"]
        assert [other.name for other in every if selects(selector, other.labels)] == [pod.name]


@pytest.mark.parametrize(("name", "pod"), PODS)
def test_each_pod_has_one_network_policy(name: str, pod: Pod) -> None:
    found = [
        policy["spec"]
        for policy in of_kind(name, "NetworkPolicy").values()
        if selects(policy["spec"]["podSelector"]["matchLabels"], pod.labels)
    ]
    (policy,) = found
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    ports = [port["port"] for rule in policy["ingress"] for port in rule["ports"]]
    assert ports == ([9464] if "ports" in pod.container else [])


def reached(name: str, policy: str) -> list[Any]:
    """Ports and peers of a policy's ways out, without DNS."""
    rules = of_kind(name, "NetworkPolicy")[policy]["spec"]["egress"][1:]
    return [(sorted(port["port"] for port in rule["ports"]), rule.get("to")) for rule in rules]


def test_a_worker_reaches_kafka_the_registry_and_what_is_its_own() -> None:
    kafka = ([9093], [{"ipBlock": {"cidr": "203.0.113.0/24"}}])
    registry = ([443], None)
    assert reached("large", "meterstream-streams") == [kafka, registry]
    utility = ([443, 8443], [{"ipBlock": {"cidr": "192.0.2.0/24"}}])
    assert reached("large", "meterstream-producer") == [kafka, registry, utility]
    database = ([5432], [{"ipBlock": {"cidr": "198.51.100.7/32"}}])
    assert reached("large", "meterstream-sink-production-vitec") == [kafka, registry, database]
    assert reached("large", "meterstream-sink-production-portal") == [kafka, registry]
    ours = {"app.kubernetes.io/name": "meterstream", "app.kubernetes.io/instance": "meterstream"}
    everybody = ([9464], [{"podSelector": {"matchLabels": ours}}])
    assert reached("large", "meterstream-observer") == [kafka, registry, everybody], "`meterstream status` asks them"
    every = ([443, 1433, 5432, 8443], None)
    assert reached("large", "meterstream-operator") == [kafka, registry, every, everybody]
    assert reached("small", "meterstream-sink-production-vitec") == [([9092], None), ([5432], None)]


def test_workers_that_divide_their_work_are_not_evicted_together() -> None:
    budgets = of_kind("large", "PodDisruptionBudget").values()
    several = {"producer": 3, "sink-production-vitec": 2, "streams": 1}
    covered = {
        budget["metadata"]["name"].removeprefix("meterstream-"): sum(
            selects(budget["spec"]["selector"]["matchLabels"], pod.labels) for pod in workers("large")
        )
        for budget in budgets
    }
    assert covered == several
    assert all(budget["spec"]["maxUnavailable"] == 1 for budget in budgets)
    assert not of_kind("small", "PodDisruptionBudget"), "of a single one it would only keep machines from being emptied"


def test_prometheus_finds_every_worker_under_the_names_that_rules_use() -> None:
    (monitor,) = of_kind("large", "ServiceMonitor").values()
    (service,) = of_kind("large", "Service").values()
    assert selects(monitor["spec"]["selector"]["matchLabels"], service["metadata"]["labels"])
    assert all(selects(service["spec"]["selector"], pod.labels) for pod in workers("large"))
    assert service["spec"]["publishNotReadyAddresses"] is True
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["port"] in [port["name"] for port in service["spec"]["ports"]]
    config = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text("utf-8"))
    jobs = {job["job_name"] for job in config["scrape_configs"]}
    assert {pod.labels["app.kubernetes.io/component"] for pod in workers("large")} <= jobs


@pytest.mark.parametrize("name", SETS)
def test_topics_and_schemas_are_there_before_the_processes_that_need_them(name: str) -> None:
    settings = of_kind(name, "ConfigMap")["meterstream-before"]["metadata"]["annotations"]
    jobs = [pod for pod in pods(name) if pod.command[-1] in ("create", "register")]
    registry = "[registry]" in of_kind(name, "ConfigMap")["meterstream"]["data"]["meterstream.toml"]
    assert len(jobs) == (2 if registry else 1)
    for pod in jobs:
        job = pod.owner["metadata"]["annotations"]
        assert job["helm.sh/hook"] == settings["helm.sh/hook"] == "pre-install,pre-upgrade"
        assert int(settings["helm.sh/hook-weight"]) < int(job["helm.sh/hook-weight"])


def test_rules_and_boards_become_objects_of_their_own() -> None:
    """The renderings leave them out; the templates name the folders that are copied."""
    for folder, template in (("rules/*.yml", "monitoring.yaml"), ("dashboards/*.json", "dashboards.yaml")):
        assert f'Files.Glob "files/{folder}"' in Path(CHART, "templates", template).read_text("utf-8")
        assert list(CHART.glob(f"files/{folder}"))
