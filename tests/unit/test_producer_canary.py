"""The canary of a source: which numbers are sent when, and what nobody may mistake it for."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter

from producer.canary import Canary
from producer.points import Shard, load_points
from producer.records import Records, Topics
from runtime.errors import ConfigError
from schemas.canary import DELIVERY_CATEGORY, METERING_POINT, READING_AT, is_canary
from schemas.exact import ONE
from schemas.instants import SECOND
from schemas.registry import EmbeddedRegistry
from tests.polling import NAMES, PARTITIONS, KeptLog, points_file

EVERY = 60
BEGIN = 1_000 * EVERY * SECOND


class Clock:
    """Shows one time after another; where they end, the process is asked to finish."""

    def __init__(self, *times: int) -> None:
        self._times: Iterator[int] = iter(times)
        self.canary: Canary | None = None
        self._last = 0

    def __call__(self) -> int:
        try:
            self._last = next(self._times)
        except StopIteration:
            assert self.canary is not None
            self.canary.finish()
        return self._last


async def sent(*times: int) -> KeptLog:
    """What is sent while the clock shows these times; it is looked at before and after each sending."""
    log, clock = KeptLog(), Clock(*times)
    registry = CollectorRegistry()
    counter = Counter("sent", "Canaries.", registry=registry)
    clock.canary = Canary("feed", EVERY, log, Records(Topics(NAMES, PARTITIONS), EmbeddedRegistry()), counter, clock)
    async with asyncio.timeout(5):
        await clock.canary.run()
    assert registry.get_sample_value("sent_total") == len(log.records)
    return log


def just_before(number: int) -> int:
    return number * EVERY * SECOND - 1


async def test_one_is_sent_at_once_and_one_whenever_the_number_rises() -> None:
    log = await sent(BEGIN + 7, just_before(1_001), just_before(1_001), just_before(1_001), BEGIN + EVERY * SECOND)
    assert [(reading.consumption, reading.fetched_at) for reading in log.readings()] == [
        (1_000 * ONE, BEGIN + 7),
        (1_001 * ONE, BEGIN + EVERY * SECOND),
    ]


async def test_a_new_process_goes_on_with_the_number_of_the_clock() -> None:
    first, second = await sent(BEGIN), await sent(BEGIN + 5 * EVERY * SECOND)
    assert [log.readings()[0].consumption for log in (first, second)] == [1_000 * ONE, 1_005 * ONE]


async def test_all_are_one_identity_in_the_reserved_category() -> None:
    log = await sent(BEGIN, just_before(1_001), just_before(1_002) - EVERY * SECOND + 1)
    identities = {(one.source, one.metering_point, one.delivery_category, one.reading_at) for one in log.readings()}
    assert identities == {("feed", METERING_POINT, DELIVERY_CATEGORY, READING_AT)}
    assert len(log.records) == 2
    assert all(is_canary(record.key.decode()) for record in log.records)


def test_no_metering_point_of_a_utility_may_be_taken_for_it(tmp_path: Path) -> None:
    file = points_file(tmp_path, f"{METERING_POINT},,")
    with pytest.raises(ConfigError, match="is the canary's"):
        load_points(file, Shard())
