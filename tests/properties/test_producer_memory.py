"""Laws of the producer's memory: whenever it dies, a correction is never hidden and nothing is lost."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import exact
from tests.polling import Died, PollingRoom, message_json, reading_json, winners

DATES = ("2020-03-02T01:00:00", "2020-03-02T02:00:00", "2020-03-03T01:00:00")


@dataclass(frozen=True)
class Step:
    """One poll: what the utility says by date (None: it omits it), and after how many writes the process dies."""

    says: tuple[int | None, ...]
    dies_after: int | None


steps = st.builds(
    Step,
    st.tuples(*(st.sampled_from([1, 2, None]) for _ in DATES)),
    st.none() | st.integers(0, 7),
)


def answer(says: Sequence[int | None]) -> str:
    spoken = zip(DATES, says, strict=True)
    return message_json(*(reading_json(ReadingDate=date, Consumption=value) for date, value in spoken if value))


async def live(script: Sequence[Step]) -> PollingRoom:
    """Plays a script; a process that dies is started again. At the end the utility is polled in peace."""
    room = PollingRoom()
    for step in script:
        room.client.say(answer(step.says))
        room.log.dies_after = None if step.dies_after is None else len(room.log.records) + step.dies_after
        try:
            await room.poll()
        except Died:
            room.restart()
        room.log.dies_after = None
    while await room.poll():
        pass
    return room


@given(st.lists(steps, min_size=1, max_size=8))
@settings(max_examples=300, deadline=None)
def test_what_the_utility_says_now_has_won_whenever_the_process_died(script: list[Step]) -> None:
    room = asyncio.run(live(script))
    found = winners(room.log.readings())
    last = script[-1].says
    dates = {reading.reading_date: reading.reading_at for reading in room.log.readings()}
    for date, value in zip(DATES, last, strict=True):
        if value is not None:
            assert found[dates[date]] == value * exact.ONE


@given(st.lists(steps, min_size=1, max_size=6))
@settings(max_examples=100, deadline=None)
def test_memory_lost_at_any_time_costs_publishing_only(script: list[Step]) -> None:
    """Without any memory the same rows come out in the end."""

    async def forgetful() -> PollingRoom:
        room = PollingRoom()
        for step in script:
            room.client.say(answer(step.says))
            await room.poll()
            room.restart()
            room.memory.restore("735999100057526501", None)
        return room

    def said(room: PollingRoom) -> dict[int, int | None]:
        return winners(room.log.readings())

    complete = [Step(step.says, None) for step in script]
    assert said(asyncio.run(forgetful())) == said(asyncio.run(live(complete)))


@given(st.lists(steps, min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_versions_of_a_date_rise_with_the_polls(script: list[Step]) -> None:
    versions = [reading.fetched_at for reading in asyncio.run(live(script)).log.readings()]
    assert versions == sorted(versions)
