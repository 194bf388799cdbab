"""``make charts``: the chart and the compose files, by Helm, the API's schemas and docker compose themselves.

Kept apart from the tests, since Helm and docker compose are built from their sources first, which takes minutes.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path

import click

from deploy.helm import carried, rendering, validation
from deploy.helm.cluster_stand_in import cluster
from deploy.helm.validation import Manifest

ROOT = Path(__file__).resolve().parent.parent
COMPOSE: Mapping[str, Sequence[str]] = {
    "docker-compose.yml": (),
    "deploy/compose/your-kafka.yaml": ("METERSTREAM__KAFKA__BOOTSTRAP_SERVERS=kafka.example:9092",),
}
"""Each file is laid over those before it; and the variables that it wants."""
DIVIDED = ("producer.shards=5", "sinks.receivers.vitec.shares=3")
"""Another division of work than that of the set ``large``, and what lets it pass."""
STOPPED = ("producer.stopped=true", "sinks.receivers.vitec.stopped=true")


@click.command()
@click.option("--helm", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--compose", type=click.Path(path_type=Path, exists=True), required=True)
def check(helm: Path, compose: Path) -> None:
    """Renders the chart anew and reports every problem of it and of the compose files."""
    carried.write()
    rendering.write(helm)
    found = [*_chart(helm), *_guard(helm), *_compose(compose)]
    for problem in found:
        click.echo(f"error: {problem}", err=True)
    if found:
        sys.exit(1)
    click.echo("the chart and the compose files are as they must be; the renderings are in deploy/helm/rendered")


def _chart(helm: Path) -> Iterator[str]:
    for name in rendering.VALUE_SETS:
        yield from _said([helm, "lint", "--strict", "--quiet", carried.CHART, "--values", rendering.values(name)])
        whole = validation.manifests(rendering.render(helm, name))
        for version in validation.VERSIONS:
            yield from validation.problems(whole, version)
    yield from validation.lost(whole, carried.present())


def _guard(helm: Path) -> Iterator[str]:
    """Whether the chart keeps an old and a new division of the same work from running side by side."""
    running = [_running(found) for found in validation.manifests(rendering.render(helm, "large"))]
    with cluster(rendering.RELEASE, [found for found in running if found["kind"] == "Deployment"]) as address:
        asked = [*rendering.command(helm, "large"), "--kube-apiserver", address, "--dry-run=server"]
        yield from _said(asked)
        for change, mend in zip(DIVIDED, STOPPED, strict=True):
            if not [*_said([*asked, "--set", change])]:
                yield f"the chart takes {change} beside what runs"
            yield from _said([*asked, "--set", change, "--set", mend])


def _running(manifest: Manifest) -> Manifest:
    return {**deepcopy(manifest), "status": {"replicas": 1}}


def _compose(compose: Path) -> Iterator[str]:
    files: list[str] = []
    for name, variables in COMPOSE.items():
        files += ["--file", str(ROOT / name)]
        yield from _said(["env", *variables, compose, *files, "config", "--quiet"])


def _said(command: Sequence[str | Path]) -> Iterator[str]:
    """What a command that failed said."""
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  # ours
    if done.returncode != 0:
        yield f"{Path(command[0]).name} {command[1]}: {done.stdout}{done.stderr}".rstrip()


if __name__ == "__main__":
    check()
