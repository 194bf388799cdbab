"""What a process says of itself: /readyz and /metrics."""

import urllib.error
import urllib.request
from dataclasses import dataclass

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
    """One process. ``waiting_for``: None where it is ready; what it waits for, or why it could not be asked."""

    address: str
    ready: bool
    waiting_for: str | None
    samples: tuple[Sample, ...]


def ask(address: str) -> ProcessState:
    """Asks one process; one that does not answer is a result too.

    Args:
        address: such as ``http://127.0.0.1:9464``; a path (``/metrics``) is left out.
    """
    origin = "/".join(address.split("/", 3)[:3])
    try:
        reason = _waiting_for(origin)
        text = _get(f"{origin}/metrics")
    except (OSError, ValueError) as error:
        return ProcessState(origin, ready=False, waiting_for=f"no answer ({type(error).__name__})", samples=())
    return ProcessState(origin, ready=reason is None, waiting_for=reason, samples=_samples(text))


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
