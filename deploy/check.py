"""``make charts``: the chart and the compose files, by Helm, the API's schemas and docker compose themselves.

Kept apart from the tests, since Helm and docker compose are built from their sources first, which takes minutes.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from deploy.helm import carried, rendering, validation

ROOT = Path(__file__).resolve().parent.parent
COMPOSE: Mapping[str, Sequence[str]] = {
    "docker-compose.yml": (),
    "deploy/compose/your-kafka.yaml": ("METERSTREAM__KAFKA__BOOTSTRAP_SERVERS=kafka.example:9092",),
}
"""Each file is laid over those before it; and the variables that it wants."""


@click.command()
@click.option("--helm", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--compose", type=click.Path(path_type=Path, exists=True), required=True)
def check(helm: Path, compose: Path) -> None:
    """Renders the chart anew and reports every problem of it and of the compose files."""
    carried.write()
    rendering.write(helm)
    found = [*_chart(helm), *_compose(compose)]
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
