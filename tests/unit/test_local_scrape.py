"""Scraped metrics: sums, buckets and quantiles of what was counted between two scrapes."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from local.scrape import Samples, quantile, scrape
from runtime.health import Health, HealthServer
from runtime.settings.system import MetricsSettings


def test_a_scrape_sums_several_processes_and_passes_one_that_is_away() -> None:
    servers = []
    for count in (2, 3):
        registry = CollectorRegistry()
        Counter("readings", "help", ["source"], registry=registry).labels("hours").inc(count)
        servers.append(HealthServer(MetricsSettings(), registry, Health()))
    addresses = [f"http://127.0.0.1:{server.port}/metrics" for server in servers]
    samples = scrape([*addresses, "http://127.0.0.1:1/metrics"])
    for server in servers:
        server.close()
    assert samples.total("readings_total", source="hours") == 5
    assert samples.total("readings_total", source="days") == 0
    assert samples.by("readings_total", "source") == {"hours": 5.0}


def test_a_quantile_counts_only_what_came_between_two_scrapes() -> None:
    registry = CollectorRegistry()
    histogram = Histogram("age", "help", buckets=(1, 2, 4), registry=registry)

    def taken() -> dict[float, float]:
        values = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in registry.collect()
            for sample in family.samples
        }
        return Samples(values).buckets("age")

    for _ in range(100):
        histogram.observe(3.0)
    before = taken()
    assert quantile(0.5, before, before) is None
    for _ in range(10):
        histogram.observe(1.5)
    assert quantile(0.5, taken(), before) == 1.5
    assert quantile(1.0, taken(), before) == 2.0


def test_a_quantile_beyond_the_last_bound_is_the_last_bound() -> None:
    assert quantile(0.5, {1.0: 0.0, float("inf"): 4.0}, {}) == 1.0
