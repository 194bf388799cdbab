"""A source of which too much would be dead letters is not polled on, and loses nothing."""

import pytest
from prometheus_client import Gauge

from producer.source_circuit import ANSWERS, SourceCircuit
from runtime.circuit import CircuitOpen
from runtime.settings.dead_letters import DeadLetterSettings
from tests.polling import POINT, PollingRoom, message_json, reading_json

LIMITS = DeadLetterSettings(stop_share=0.2, window=40, stop_run=20, retry=30)
DATES = [f"2020-03-02T{number:02}:00:00" for number in range(1, 6)]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circuit(clock: Clock) -> SourceCircuit:
    return SourceCircuit(LIMITS, "hours", Gauge("stopped", "of a test", registry=None), clock)


def until_it_opens(circuit: SourceCircuit, good: int, bad: int) -> int:
    """Equal answers; how many are acknowledged."""
    for number in range(1_000):
        try:
            circuit.admit(good, bad)
        except CircuitOpen:
            return number
    return 1_000


@pytest.mark.parametrize(("good", "bad"), [(0, 1_000), (0, 3), (100, 900)])
def test_one_answer_however_large_stops_nobody_else(circuit: SourceCircuit, good: int, bad: int) -> None:
    assert until_it_opens(circuit, good, bad) >= ANSWERS - 1


def test_a_source_with_some_dead_letters_flows(circuit: SourceCircuit) -> None:
    assert until_it_opens(circuit, 90, 10) == 1_000


def test_while_it_is_stopped_one_poll_now_and_then_goes_through(circuit: SourceCircuit, clock: Clock) -> None:
    assert circuit.wait() == 0
    until_it_opens(circuit, 0, 5)
    assert circuit.wait() > 30
    clock.now += 30
    assert [circuit.wait() == 0 for _ in range(3)] == [True, False, False]
    clock.now += 30
    assert circuit.wait() == 0


def test_an_answer_without_anything_new_does_not_start_it_again(circuit: SourceCircuit) -> None:
    until_it_opens(circuit, 0, 5)
    circuit.admit(0, 0)
    assert circuit.wait() > 0
    circuit.admit(1, 0)
    assert circuit.wait() == 0


async def test_what_it_keeps_back_is_published_once_it_is_good() -> None:
    """And nothing was written of the answer that was kept back, neither dead letters nor memory."""
    room = PollingRoom(limits=DeadLetterSettings(stop_run=3))
    for date in DATES[:2]:
        room.client.say(message_json(reading_json(ReadingDate=date, Consumption="x")))
        await room.poll()
    written = len(room.log.records)
    room.client.say(message_json(*(reading_json(ReadingDate=date, Consumption="x") for date in DATES)))
    with pytest.raises(CircuitOpen):
        await room.poll()
    assert len(room.log.records) == written
    assert len(room.log.letters()) == 2
    room.client.say(message_json(*(reading_json(ReadingDate=date) for date in DATES)))
    await room.poll()
    assert [reading.reading_date for reading in room.log.readings()] == DATES


async def test_answers_that_cannot_be_read_count_too() -> None:
    room = PollingRoom(limits=DeadLetterSettings(stop_run=2))
    room.client.bodies[POINT] = b"<html>"
    with pytest.raises(Exception, match="unreadable_response"):
        await room.poll()
    with pytest.raises(CircuitOpen):
        await room.poll()
    assert len(room.log.letters()) == 1
