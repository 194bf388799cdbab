"""What the chart makes, as kept in the repository: objects, and the pods of its workers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from deploy.helm import rendering
from deploy.helm.validation import Manifest, manifests

SECRETS = "/run/secrets/meterstream"


@cache
def objects(name: str) -> Sequence[Manifest]:
    """Of a set of values."""
    return manifests(rendering.rendering(name).read_text("utf-8"))


def of_kind(name: str, kind: str) -> dict[str, Manifest]:
    """By their names."""
    return {found["metadata"]["name"]: found for found in objects(name) if found["kind"] == kind}


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether a selector means something with these labels."""
    return selector.items() <= labels.items()


@dataclass(frozen=True)
class Pod:
    """A pod of the chart: of which object, and how it is described."""

    owner: Manifest
    template: dict[str, Any]

    @property
    def name(self) -> str:
        """Of its Deployment or Job."""
        return f"{self.owner['kind']} {self.owner['metadata']['name']}"

    @property
    def spec(self) -> dict[str, Any]:
        """Of the pod."""
        found: dict[str, Any] = self.template["spec"]
        return found

    @property
    def container(self) -> dict[str, Any]:
        """The only one."""
        (found,) = self.spec["containers"]
        assert isinstance(found, dict)
        return found

    @property
    def labels(self) -> dict[str, str]:
        """Of the pod."""
        found: dict[str, str] = self.template["metadata"]["labels"]
        return found

    @property
    def command(self) -> list[str]:
        """What it runs."""
        found: list[str] = self.container["command"]
        return found

    def needs(self) -> tuple[str, ...]:
        """The sections of the settings that its command reads for itself (``runtime.settings.load``)."""
        match self.command:
            case ["python", "-m", "producer", *_]:
                return ("sources",)
            case ["python", "-m", "sinks", "--receiver", receiver, "--stage", stage, *_]:
                return (f"receivers.{receiver}" + ("" if stage == "production" else f".{stage}"),)
            case ["python", "-m", "streams"]:
                return ("streams",)
            case ["python", "-c", *_]:  # waits for a person, whose commands may need everything
                return ("sources", "receivers")
        return ()

    def volume(self, name: str) -> dict[str, Any]:
        """One of its volumes."""
        (found,) = (each for each in self.spec["volumes"] if each["name"] == name)
        assert isinstance(found, dict)
        return found

    def plain(self) -> dict[str, str]:
        """Its variables that hold no secret."""
        return {each["name"]: each["value"] for each in self.container["env"] if "value" in each}

    def secret_variables(self) -> dict[str, dict[str, str]]:
        """Its variables that do: which secret, which key."""
        given = (each for each in self.container["env"] if "valueFrom" in each)
        return {each["name"]: each["valueFrom"]["secretKeyRef"] for each in given}

    def secret_files(self) -> dict[str, dict[str, str]]:
        """Secrets as files, by their names: which secret, which key."""
        if SECRETS not in (mount["mountPath"] for mount in self.container["volumeMounts"]):
            return {}
        sources = [source["secret"] for source in self.volume("secrets")["projected"]["sources"]]
        return {
            item["path"]: {"name": source["name"], "key": item["key"]} for source in sources for item in source["items"]
        }


def pods(name: str) -> Iterator[Pod]:
    """Every pod of a set of values: of workers, and of jobs."""
    for found in objects(name):
        if found["kind"] in ("Deployment", "Job"):
            yield Pod(found, found["spec"]["template"])


def workers(name: str) -> Iterator[Pod]:
    """Those that do the product's work, and tell of it."""
    return (pod for pod in pods(name) if "ports" in pod.container)
