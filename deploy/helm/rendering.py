"""What the chart makes of two sets of values, kept in the repository.

Helm is no Python package, so it does not run in every test. What it made does: each rendering names the templates and
values that it is of, by a digest, so that one that is out of date is found without Helm.
"""

import hashlib
import subprocess
from pathlib import Path

from deploy.helm.carried import CHART, COPIES, HELM, SCHEMA

VALUE_SETS = ("small", "large")
RELEASE = "meterstream"
KUBERNETES = "1.37"
"""Of which version the cluster is taken to be."""
LEFT_OUT = ("monitoring.rules.enabled=false", "monitoring.dashboards.enabled=false")
"""Copies of files that have tests of their own; with them each rendering would be thousands of lines."""


def values(name: str) -> Path:
    """The file of a set of values."""
    return HELM / "values" / f"{name}.yaml"


def rendering(name: str) -> Path:
    """What the chart makes of it."""
    return HELM / "rendered" / f"{name}.yaml"


def digest(name: str) -> str:
    """Of the templates, the chart's own values and a set of values."""
    carried = {SCHEMA, *(file for folder in COPIES for file in folder.glob("*"))}
    files = sorted(file for file in CHART.rglob("*") if file.is_file() and file not in carried)
    found = hashlib.sha256()
    for file in (*files, values(name)):
        found.update(file.relative_to(HELM).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return found.hexdigest()


def head(name: str) -> str:
    """What a rendering begins with."""
    return f"# Made by `make charts` of values/{name}.yaml; do not edit.\n# digest: {digest(name)}\n"


def command(helm: Path, name: str) -> list[str]:
    """How Helm is asked what it makes of a set of values."""
    asked = [str(helm), "template", RELEASE, str(CHART), "--namespace", RELEASE, "--kube-version", KUBERNETES]
    return [*asked, "--values", str(values(name))]


def render(helm: Path, name: str, *options: str) -> str:
    """What Helm makes of a set of values.

    Raises:
        subprocess.CalledProcessError: Helm refuses them; what it said is on standard error.
    """
    asked = [*command(helm, name), *options]
    return subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603  # ours


def write(helm: Path) -> None:
    """Makes every rendering anew."""
    for name in VALUE_SETS:
        left_out = [word for option in LEFT_OUT for word in ("--set", option)]
        rendering(name).parent.mkdir(exist_ok=True)
        rendering(name).write_text(head(name) + render(helm, name, *left_out), "utf-8")
