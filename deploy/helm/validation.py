"""Whether Kubernetes would take what the chart makes, by the schemas of its API."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

VERSIONS = ("1.27", "1.37")
"""The oldest that Chart.yaml allows, and the newest whose schemas we have."""

OF_THE_OPERATOR = ("PrometheusRule", "ServiceMonitor")
"""Kinds that are not Kubernetes' own: it has no schemas of them."""

Manifest = dict[str, Any]


def manifests(text: str) -> Sequence[Manifest]:
    """The objects of a rendering."""
    return [document for document in yaml.load_all(text, yaml.CSafeLoader) if document]


def problems(found: Sequence[Manifest], version: str) -> Iterator[str]:
    """What a cluster of this version would refuse, a line each; fields that it does not know, too."""
    for manifest in found:
        if manifest["kind"] in OF_THE_OPERATOR:
            continue
        try:
            kubernetes_validate.validate(manifest, version, strict=True)
        except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
            yield f"{manifest['kind']} {manifest['metadata']['name']}: Kubernetes {version} refuses it: {error}"


def lost(found: Sequence[Manifest], carried: Mapping[Path, str]) -> Iterator[str]:
    """Which of the rules and boards that the chart carries are not among what it makes, as they are."""
    rules = [manifest["spec"] for manifest in found if manifest["kind"] == "PrometheusRule"]
    texts = [text for manifest in found if manifest["kind"] == "ConfigMap" for text in manifest["data"].items()]
    boards = [(name, json.loads(text)) for name, text in texts if name.endswith(".json")]
    for file, text in carried.items():
        made = yaml.safe_load(text) in rules if file.suffix == ".yml" else (file.name, json.loads(text)) in boards
        if not made and file.name != "values.schema.json":
            yield f"{file}: what it holds is not among what the chart makes"
