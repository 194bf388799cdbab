"""The state of streams compacted, truncated, lost, or contradicted by its group's offset."""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from local.chaos import topics_struck
from local.chaos.fault import Kind
from local.chaos.operator import LastWords, Operator, away, names, until
from local.system import LocalSystem
from runtime.mends import REBUILD_STATE
from runtime.topic_admin import CREATE
from runtime.topics import TopicNames

AT_ONCE = {
    "segment.ms": "200",
    "min.cleanable.dirty.ratio": "0.0",
    "delete.retention.ms": "0",
    "max.compaction.lag.ms": "200",
}
"""With these a topic is compacted within seconds, down to the newest record of each key, but for its last segment."""
TRUNCATABLE = {"cleanup.policy": "compact,delete", "retention.ms": "-1"}
"""Kafka removes records by order only where a policy deletes."""
COMPACTED = {"cleanup.policy": "compact", "retention.ms": None}


def _state(system: LocalSystem) -> str:
    return TopicNames.of(system.settings).state


@contextmanager
def _compacted(system: LocalSystem, random: Random) -> Iterator[str]:
    """And then loaded, by workers that were killed."""
    state = _state(system)
    topics_struck.configure(system.settings, state, AT_ONCE)
    try:
        yield state
    finally:
        topics_struck.configure(system.settings, state, dict.fromkeys(AT_ONCE))
        for name in names(system, "streams"):
            system.stages.process(name).kill()


@contextmanager
def _moved_back(system: LocalSystem, random: Random) -> Iterator[str]:
    share = random.random()
    with away(system, "streams"):
        topics_struck.without_members(system.settings)
        moved = {place: int(offset * share) for place, offset in topics_struck.positions(system.settings).items()}
        topics_struck.move_group(system.settings, moved)
        yield f"to {share:.0%} of the way"


@contextmanager
def _expired(system: LocalSystem, random: Random) -> Iterator[str]:
    with away(system, "streams"):
        topics_struck.without_members(system.settings)
        topics_struck.delete_group(system.settings)
        yield "all of them"


@contextmanager
def _moved_ahead(system: LocalSystem, random: Random) -> Iterator[str]:
    """The state is older than the group's offset, as if it had lost its last transaction."""
    words = LastWords.since_now(system, "streams")
    with away(system, "streams"):
        topics_struck.without_members(system.settings)
        topics_struck.repeat_newest(system.settings, TopicNames.of(system.settings).readings)
        moved = {place: offset + 1 for place, offset in topics_struck.unread(system.settings).items()}
        topics_struck.move_group(system.settings, moved)
    yield f"{len(moved)} partitions"
    _mend(system, words)


@contextmanager
def _truncated(system: LocalSystem, random: Random) -> Iterator[str]:
    """The first part of each partition is lost; the workers are killed, so that they load what is left."""
    words, state, share = LastWords.since_now(system, "streams"), _state(system), random.uniform(0.5, 0.95)
    with away(system, "streams", kill=True):
        topics_struck.configure(system.settings, state, TRUNCATABLE)
        begin, end = topics_struck.bounds(system.settings, state)
        topics_struck.truncate(
            system.settings, {place: begin[place] + int((end[place] - begin[place]) * share) for place in end}
        )
        topics_struck.configure(system.settings, state, COMPACTED)
    yield f"{share:.0%} of it"
    _mend(system, words)


@contextmanager
def _made_anew(system: LocalSystem, random: Random) -> Iterator[str]:
    """Under the feet of the workers."""
    words, state = LastWords.since_now(system, "streams"), _state(system)
    with topics_struck.gone(system.settings, [state]):
        pass
    yield state
    _mend(system, words)


@contextmanager
def _deleted(system: LocalSystem, random: Random) -> Iterator[str]:
    """A worker says so, and what creates it. Empty it is a contradiction, and mended as any."""
    words, state = LastWords.since_now(system, "streams"), _state(system)
    with topics_struck.gone(system.settings, [state]):
        until(lambda: bool(words.said(f"topic {state} is missing: {CREATE}")), "streams says that the topic is missing")
        yield state
        Operator(system).run(*CREATE.split()[1:])
    _mend(system, words)


def _mend(system: LocalSystem, words: LastWords) -> None:
    words.await_loud_stop(REBUILD_STATE)
    Operator(system).rebuild_state()


KINDS = (
    Kind("state: topic compacted, then loaded", "state", _compacted, (5.0, 8.0)),
    Kind("state: group offsets moved back", "state", _moved_back),
    Kind("state: group offsets expired", "state", _expired),
    Kind("state: older than the group's offset", "state", _moved_ahead, alone=True),
    Kind("state: topic truncated", "state", _truncated, alone=True),
    Kind("state: topic made anew", "state", _made_anew, alone=True),
    Kind("state: topic deleted", "state", _deleted, alone=True),
)
