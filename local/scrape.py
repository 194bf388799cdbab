"""Reads the metrics that a process serves, as a person with curl would."""

import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Samples:
    """One or several scrapes: sample name and labels to value."""

    values: Mapping[tuple[str, Labels], float] = field(default_factory=dict)

    def total(self, name: str, **labels: str) -> float:
        """The sum of every sample of a name that carries these labels; 0 where there is none."""
        wanted = set(labels.items())
        return sum(value for (sample, found), value in self.values.items() if sample == name and wanted <= found)

    def by(self, name: str, label: str) -> dict[str, float]:
        """Sums per value of one label."""
        sums: dict[str, float] = {}
        for (sample, labels), value in self.values.items():
            if sample == name and (key := dict(labels).get(label)) is not None:
                sums[key] = sums.get(key, 0.0) + value
        return sums

    def buckets(self, histogram: str, **labels: str) -> dict[float, float]:
        """Upper bound to cumulative count, summed over every series with these labels."""
        wanted = set(labels.items())
        counts: dict[float, float] = {}
        for (sample, found), value in self.values.items():
            if sample == f"{histogram}_bucket" and wanted <= found:
                bound = float(dict(found)["le"])
                counts[bound] = counts.get(bound, 0.0) + value
        return counts


def scrape(addresses: Iterable[str], within: float = 2.0) -> Samples:
    """Scrapes several processes; one that does not answer in time is left out (it may just be starting).

    Args:
        addresses: such as ``http://127.0.0.1:9464/metrics``.
        within: seconds for each.
    """
    values: dict[tuple[str, Labels], float] = {}
    for address in addresses:
        try:
            with urllib.request.urlopen(address, timeout=within) as answer:  # noqa: S310 - our own loopback address
                text = answer.read().decode("utf-8")
        except OSError:
            continue
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                key = sample.name, frozenset(sample.labels.items())
                values[key] = values.get(key, 0.0) + sample.value
    return Samples(values)


def quantile(share: float, after: Mapping[float, float], before: Mapping[float, float]) -> float | None:
    """A quantile of what a histogram has counted between two scrapes; None where it counted nothing.

    Linear within a bucket, as Prometheus' histogram_quantile; never above the last finite bound.
    """
    bounds = sorted(after)
    counts = [after[bound] - before.get(bound, 0.0) for bound in bounds]
    if not counts or counts[-1] <= 0:
        return None
    rank, below, lower = share * counts[-1], 0.0, 0.0
    for bound, count in zip(bounds, counts, strict=True):
        if count >= rank:
            if bound == float("inf") or count == below:
                return lower
            return lower + (bound - lower) * (rank - below) / (count - below)
        below, lower = count, bound
    return lower
