"""Reporting positions: best effort, never in the way."""

import time

from local.ports import free_port
from runtime.settings.system import KafkaSettings
from sinks.reporter import LAST_WORD, KafkaReporter


def test_a_cluster_that_is_away_delays_neither_delivery_nor_the_end() -> None:
    reporter = KafkaReporter(KafkaSettings(bootstrap_servers=f"127.0.0.1:{free_port()}"), "values", "group")
    began = time.monotonic()
    for offset in range(100):
        reporter.report({0: offset})
    assert time.monotonic() - began < 1
    began = time.monotonic()
    reporter.close()
    assert time.monotonic() - began < LAST_WORD + 1


def test_without_a_report_nothing_is_started() -> None:
    KafkaReporter(KafkaSettings(bootstrap_servers="127.0.0.1:1"), "values", "group").close()
