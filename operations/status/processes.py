"""What a process says of itself: /readyz and /metrics."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from prometheus_client.parser import text_string_to_metric_families

OURS = "meterstream_"
TIMEOUT = 3.0


@dataclass(frozen=True)
class Sample:
    """One value of one series; of a histogram its count and sum only."""

    name: str
    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class ProcessState:
    """One process that was asked.

    Attributes:
        address: such as ``http://127.0.0.1:9464``.
        job: what whoever named it calls it, and others of its kind.
        answers: whether it said anything at all.
        ready: whether it can do its work.
        waiting_for: None where it is ready; what it waits for, or why it could not be asked.
        samples: what it counts.
    """

    address: str
    job: str
    answers: bool
    ready: bool
    waiting_for: str | None
    samples: tuple[Sample, ...]

    def told(self, name: str, **labels: str) -> Iterator[Sample]:
        """Its samples of one name, with these labels."""
        wanted = labels.items()
        return (sample for sample in self.samples if sample.name == name and wanted <= sample.labels.items())


def ask(address: str, job: str = "process") -> ProcessState:
    """Asks one process; one that does not answer is a result too.

    Args:
        address: such as ``http://127.0.0.1:9464``; a path (``/metrics``) is left out.
        job: what it is called.
    """
    origin = "/".join(address.split("/", 3)[:3])
    try:
        reason = _waiting_for(origin)
        text = _get(f"{origin}/metrics")
        samples = _samples(text)
    except (OSError, ValueError) as error:
        said = f"no answer ({type(error).__name__})"
        return ProcessState(origin, job, answers=False, ready=False, waiting_for=said, samples=())
    return ProcessState(origin, job, answers=True, ready=reason is None, waiting_for=reason, samples=samples)


def workers_of(supervisor: ProcessState) -> list[str]:
    """The addresses of the workers that a process supervises (``python -m sinks --all``); of any other none."""
    if not any(supervisor.told("meterstream_receivers_running")):
        return []
    try:
        groups = msgspec.json.decode(_get(f"{supervisor.address}/targets"), type=list[TargetGroup])
    except (OSError, ValueError):
        return []  # it went away a moment after it had answered; its workers are then missed by name
    return [address for group in groups for address in group.addresses()]


class TargetGroup(msgspec.Struct):
    """An entry of a list of targets, as Prometheus takes it from a file or over HTTP."""

    targets: list[str]
    labels: dict[str, str] = msgspec.field(default_factory=dict)

    def addresses(self) -> list[str]:
        """Each target as a URL."""
        return [each if each.startswith(("http://", "https://")) else f"http://{each}" for each in self.targets]


def _waiting_for(origin: str) -> str | None:
    try:
        _get(f"{origin}/readyz")
    except urllib.error.HTTPError as error:
        with error:
            return error.read(1_000).decode(errors="replace").strip() or f"HTTP {error.code}"
    return None


def _get(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"not an HTTP address: {url}")
    with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:  # noqa: S310  # the scheme was looked at
        return str(answer.read().decode())


def _samples(text: str) -> tuple[Sample, ...]:
    return tuple(
        Sample(sample.name, sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith(OURS) and not sample.name.endswith(("_bucket", "_created"))
    )
