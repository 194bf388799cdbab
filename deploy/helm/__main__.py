"""``python -m deploy.helm``: writes what the chart carries; with ``--helm`` also what Helm makes of it."""

from pathlib import Path

import click

from deploy.helm import carried, rendering


@click.command()
@click.option("--helm", type=click.Path(path_type=Path, exists=True), help="Helm, to render the sets of values anew.")
def write(helm: Path | None) -> None:
    """Writes values.schema.json, the copies of rules and dashboards, and with --helm the renderings."""
    carried.write()
    if helm is not None:
        rendering.write(helm)


if __name__ == "__main__":
    write()
