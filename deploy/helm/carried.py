"""What the chart carries that is made or kept elsewhere: Helm reads nothing outside of a chart."""

import json
from collections.abc import Mapping
from pathlib import Path

from deploy.helm.values_schema import values_schema

HELM = Path(__file__).resolve().parent
CHART = HELM / "meterstream"
SCHEMA = CHART / "values.schema.json"
COPIES = {
    CHART / "files" / "rules": (HELM.parent / "prometheus" / "rules", "*.yml"),
    CHART / "files" / "dashboards": (HELM.parent / "grafana" / "dashboards", "*.json"),
}
"""Where to, and from where what."""


def carried() -> Mapping[Path, str]:
    """Every file that is made, and its text."""
    files = {SCHEMA: json.dumps(values_schema(), indent=1, ensure_ascii=False) + "\n"}
    for target, (origin, pattern) in COPIES.items():
        files |= {target / file.name: file.read_text("utf-8") for file in sorted(origin.glob(pattern))}
    return files


def present() -> Mapping[Path, str]:
    """Every file that is there, and its text."""
    found = [SCHEMA, *(file for target in COPIES for file in target.glob("*"))]
    return {file: file.read_text("utf-8") for file in found if file.is_file()}


def write() -> None:
    """Makes the chart's files what they must be."""
    files = carried()
    for stale in present().keys() - files.keys():
        stale.unlink()
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
