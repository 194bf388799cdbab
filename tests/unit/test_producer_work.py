"""The work of one source: who is polled when, what a failure puts off, and how it ends."""

import asyncio
import logging
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from producer.auth import Unauthorised
from producer.points import Point
from producer.report import Report
from producer.response import Unreadable
from producer.schedule import Schedule
from producer.source_circuit import SourceCircuit
from producer.work import Pace, SourceWork
from runtime.errors import Fatal, Transient
from runtime.logs import Pseudonyms
from runtime.metrics import ProducerMetrics
from runtime.settings.dead_letters import DeadLetterSettings
from runtime.settings.source import PollSettings
from runtime.settings.system import LogSettings


class ScriptedPoller:
    """Does to each point what its script says; keeps who was polled when."""

    def __init__(self, script: Callable[[str, int], bool]) -> None:
        self.polled: list[str] = []
        self.times: list[float] = []
        self.under_way: set[str] = set()
        self._script = script

    async def poll(self, point: Point) -> bool:
        """One poll."""
        name = point.metering_point
        assert name not in self.under_way, "polls of one point never overlap"
        self.under_way.add(name)
        self.polled.append(name)
        self.times.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.002)
        self.under_way.remove(name)
        return self._script(name, self.polled.count(name))


LIMITS = DeadLetterSettings(stop_run=1, retry=0.05)


class Work:
    """A source's work on some points, run for a while."""

    def __init__(self, script: Callable[[str, int], bool], points: int = 3, every: float = 0.05, **poll: float) -> None:
        self.poller = ScriptedPoller(script)
        self.registry = CollectorRegistry()
        report = Report("feed", ProducerMetrics(self.registry))
        given = {"retry_initial": 0.01, "retry_maximum": 0.02, "unauthorised_retry": 0.02} | poll
        self.circuit = SourceCircuit(LIMITS, "feed", ProducerMetrics(CollectorRegistry()).stopped.labels("feed"))
        pace = Pace(every, PollSettings.model_validate(given), in_hand=4, circuit=self.circuit)
        names = [Point(f"point-{number}") for number in range(points)]
        self.work = SourceWork(names, self.poller, pace, report, Pseudonyms(LogSettings()))

    async def run(self, seconds: float) -> list[str]:
        """Runs for some seconds; returns who was polled, in order."""
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            group.create_task(self.work.run())
            await asyncio.sleep(seconds)
            self.work.tell()
            self.work.finish()
        return self.poller.polled

    def points(self, state: str) -> float | None:
        """What the metric says of the points."""
        labels = {"source": "feed", "state": state}
        return self.registry.get_sample_value("meterstream_producer_points", labels)


def quiet(_name: str, _time: int) -> bool:
    return False


async def test_every_point_is_polled_in_turn_and_again_after_its_interval() -> None:
    work = Work(quiet, points=10, every=0.2)
    polled = await work.run(0.3)
    assert sorted(polled[:10]) == sorted(polled[10:]) == sorted({*polled})
    assert work.poller.times[10] - work.poller.times[0] >= 0.2


async def test_a_load_goes_on_at_once_and_the_others_keep_their_turn() -> None:
    work = Work(lambda name, time: name == "point-0" and time < 5, points=6, every=5)
    polled = await work.run(0.2)
    assert polled.count("point-0") == 5
    assert len(set(polled[:6])) == 6, "nobody is polled twice before everybody was once"


@pytest.mark.parametrize("error", [Transient("no answer"), Unreadable("not JSON", b"")])
async def test_a_failing_point_is_tried_again_with_back_off_and_the_others_go_on(error: Exception) -> None:
    def script(name: str, _time: int) -> bool:
        if name == "point-1":
            raise error
        return False

    work = Work(script, failing_after=3, retry_initial=0.02, retry_maximum=10)
    polled = await work.run(0.45)
    assert 3 <= polled.count("point-1") <= 6
    assert polled.count("point-0") >= 5
    assert work.points("failing") == 1
    assert work.points("configured") == 3


async def test_a_retry_after_is_kept() -> None:
    def script(_name: str, time: int) -> bool:
        if time == 1:
            raise Transient("wait", retry_after=0.3)
        return False

    work = Work(script, points=1)
    await work.run(0.5)
    assert work.poller.times[1] - work.poller.times[0] >= 0.3


async def test_failing_and_recovering_are_told_once_without_the_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def script(_name: str, time: int) -> bool:
        if time <= 6:
            raise Transient("status 404")
        return False

    with caplog.at_level(logging.INFO, logger="producer"):
        work = Work(script, points=1, failing_after=3)
        await work.run(0.4)
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]
    assert "status 404" in caplog.records[0].getMessage()
    assert "point-0" not in str([vars(record) for record in caplog.records])
    assert work.points("failing") == 0


async def test_a_refusal_of_our_credentials_is_no_failure_of_the_point() -> None:
    def script(_name: str, _time: int) -> bool:
        raise Unauthorised("status 401")

    work = Work(script, failing_after=2)
    assert len(await work.run(0.15)) > 6
    assert work.points("failing") == 0


@pytest.mark.parametrize("error", [Fatal("Kafka refuses"), KeyError("a defect")])
async def test_what_is_no_passing_trouble_ends_the_work(error: Exception) -> None:
    def script(_name: str, _time: int) -> bool:
        raise error

    with pytest.raises(ExceptionGroup) as caught:
        await Work(script).run(1)
    assert caught.group_contains(type(error))


async def test_at_the_end_the_poll_in_hand_is_finished() -> None:
    work = Work(quiet, points=50, every=0)
    await work.run(0.05)
    assert not work.poller.under_way


async def test_a_schedule_gives_points_by_due_time_and_only_once() -> None:
    schedule = Schedule([])
    for point, after in ((1, 0.06), (2, 0.02), (3, 0.0)):
        schedule.put(point, after)
    assert [await schedule.take() for _ in range(3)] == [3, 2, 1]


async def test_a_schedule_knows_who_waits_for_long() -> None:
    schedule = Schedule([1])
    schedule.put(2, -120)
    schedule.put(3, 120)
    assert (schedule.due(), schedule.due(60)) == (2, 1), "at the start nobody has waited"


async def test_who_waits_for_a_schedule_hears_of_an_earlier_point_and_of_its_end() -> None:
    schedule = Schedule([])
    waiting = [asyncio.create_task(schedule.take()) for _ in range(2)]
    await asyncio.sleep(0.01)
    schedule.put(1, 5)
    schedule.put(2, 0)
    async with asyncio.timeout(1):
        assert await waiting[0] == 2
        schedule.close()
        assert await waiting[1] is None


async def test_a_source_of_dead_letters_only_is_stopped_and_tried_slowly_until_it_is_well() -> None:
    """Of many points one is asked now and then; nobody counts as failing, and then all go on."""

    def script(_name: str, _time: int) -> bool:
        work.circuit.admit(*((0, 1) if len(work.poller.polled) < 4 else (1, 0)))
        return False

    work = Work(script, points=20, every=60)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(work.work.run())
        while len(set(work.poller.polled)) < 20:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        work.work.tell()
        work.work.finish()
    assert work.circuit.reason is None
    assert work.points("failing") == 0
