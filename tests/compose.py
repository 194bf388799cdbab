"""The compose files as docker compose reads them, without an engine."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
RESET = "!reset"
"""What a file that lies over another one takes away."""

Service = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """Knows the tag with which compose takes something away."""


def _reset(loader: yaml.SafeLoader, node: yaml.Node) -> str:
    return RESET


_Loader.add_constructor(RESET, _reset)


def read(path: str) -> dict[str, Any]:
    """A compose file of the repository."""
    found: dict[str, Any] = yaml.load((ROOT / path).read_text("utf-8"), _Loader)
    return found


def laid_over(below: Any, above: Any) -> Any:
    """One file over another: mappings are joined, lists added; what is reset is gone."""
    if isinstance(below, dict) and isinstance(above, dict):
        joined = {**below, **{key: laid_over(below.get(key), value) for key, value in above.items()}}
        return {key: value for key, value in joined.items() if value != RESET}
    if isinstance(below, list) and isinstance(above, list):
        return [*below, *above]
    return above


COMPOSE = read("docker-compose.yml")
SERVICES: dict[str, Service] = COMPOSE["services"]
YOUR_KAFKA = read("deploy/compose/your-kafka.yaml")
WITH_YOUR_KAFKA: dict[str, Service] = laid_over(SERVICES, YOUR_KAFKA["services"])
OURS = sorted(name for name, service in SERVICES.items() if service["image"].startswith("meterstream"))
"""Those that run our image."""
CONFIG = ROOT / "deploy" / "compose" / "meterstream.toml"


def environment(service: Service, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """A service's variables where the shell has set those that are given; without, with their defaults."""
    found = {name: _filled(name, value, given or {}) for name, value in service.get("environment", {}).items()}
    return {name: value for name, value in found.items() if value is not None}


def _filled(name: str, value: str | None, given: Mapping[str, str]) -> str | None:
    if value is None:  # passed on where it is set
        return given.get(name)
    return re.sub(r"\$\{(\w+):[-?]([^}]*)\}", lambda found: given.get(found[1], found[2]), value)
