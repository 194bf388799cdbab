"""What the chart makes of two sets of values: Kubernetes takes it, and whatever it refers to is there."""

import re
from pathlib import Path

import pytest

from deploy.helm import rendering, validation
from runtime.errors import ConfigError
from runtime.settings.load import load
from runtime.settings.receiver import STAGES
from runtime.settings.tree import Settings
from tests.certificates import Authority
from tests.chart import SECRETS, Pod, objects, of_kind, pods, workers
from tests.commands import parse

SETS = rendering.VALUE_SETS
PODS = [pytest.param(name, pod, id=f"{name}: {pod.name}") for name in SETS for pod in pods(name)]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A certificate, in the place of every one that a pod is given."""
    return Authority(tmp_path_factory.mktemp("authority"), "ca").file.read_text("ascii")


def read(name: str, pod: Pod, folder: Path, authority: str, without: str = "") -> Settings:
    """The settings as a pod reads them: with the variables and files that it is given, and no others."""
    text: str = of_kind(name, "ConfigMap")[pod.volume("settings")["configMap"]["name"]]["data"]["meterstream.toml"]
    for file in pod.secret_files().keys() - {without}:
        (folder / file).write_text(authority if file.endswith(".pem") else "a secret", "utf-8")
    for file in re.findall(r"/var/lib/points/([\w.-]+)", text):
        (folder / file).write_text("metering_point\n", "utf-8")
    text = text.replace("/var/lib/points", str(folder)).replace(SECRETS, str(folder))
    (folder / "meterstream.toml").write_text(text, "utf-8")
    variables = pod.plain() | dict.fromkeys(pod.secret_variables().keys() - {without}, "a secret")
    return load(folder / "meterstream.toml", variables, pod.needs())


@pytest.mark.parametrize("name", SETS)
def test_the_renderings_are_of_the_chart_as_it_stands(name: str) -> None:
    """`make charts` makes them anew; it wants Go, for Helm."""
    assert rendering.rendering(name).read_text("utf-8").startswith(rendering.head(name))


@pytest.mark.parametrize("version", validation.VERSIONS)
@pytest.mark.parametrize("name", SETS)
def test_kubernetes_takes_it(name: str, version: str) -> None:
    assert list(validation.problems(objects(name), version)) == []


@pytest.mark.parametrize(
    "line", sorted({" ".join(pod.command) for name in SETS for pod in pods(name) if "-c" not in pod.command})
)
def test_each_command_and_option_exists(line: str) -> None:
    parse(line.split())


@pytest.mark.parametrize(("name", "pod"), PODS)
def test_each_pod_has_the_settings_secrets_and_files_that_it_needs(
    name: str, pod: Pod, tmp_path: Path, authority: str
) -> None:
    settings = read(name, pod, tmp_path, authority)
    assert settings.metrics.host == "0.0.0.0"
    served = [{"containerPort": settings.metrics.port, "name": "metrics"}]
    assert pod.container.get("ports", served) == served


@pytest.mark.parametrize(("name", "pod"), PODS)
def test_no_pod_is_given_a_secret_that_its_settings_do_not_ask_for(
    name: str, pod: Pod, tmp_path: Path, authority: str
) -> None:
    """But for those that stand with a worker itself, and for two of which one will do."""
    spare = {"vitec-ca.pem", "utility-new", "utility-old"}
    for secret in (pod.secret_variables().keys() | pod.secret_files().keys()) - spare:
        folder = tmp_path / secret
        folder.mkdir()
        with pytest.raises(ConfigError, match=re.escape(secret)):
            read(name, pod, folder, authority, without=secret)


@pytest.mark.parametrize("name", SETS)
def test_every_source_and_every_stage_of_every_receiver_has_its_worker(
    name: str, tmp_path: Path, authority: str
) -> None:
    running = [pod.command for pod in workers(name)]
    settings = read(name, next(workers(name)), tmp_path, authority)
    for receiver, section in settings.receivers.items():
        for stage in STAGES:
            command = ["python", "-m", "sinks", "--receiver", receiver, "--stage", stage]
            shares = [found[len(command) :] for found in running if found[: len(command)] == command]
            assert shares == _dividing(shares, "--share") or section.stage(stage) is None, command
            assert bool(shares) == (section.stage(stage) is not None), command
    producers = [found[3:] for found in running if found[:3] == ["python", "-m", "producer"]]
    assert producers == _dividing(producers, "--shard")
    assert ["python", "-m", "streams"] in running
    assert ["meterstream", "observe"] in running


def _dividing(found: list[list[str]], option: str) -> list[list[str]]:
    """What so many workers that divide the work among them must be told."""
    if found == [[]]:
        return [[]]
    return [[option, f"{number}/{len(found)}"] for number in range(1, len(found) + 1)]
