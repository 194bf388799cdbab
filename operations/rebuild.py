"""Rebuilding the state of streams from the readings.

Streams derives its rows from the readings in the order of their log, and nothing else: read again from the first one,
with the same settings, they give the same state and the same rows under the same sequences. A receiver takes larger
sequences only, so it changes nothing.

The command may be interrupted anywhere, and be run again. What a streams worker does that is started in between:
  after step 1, before step 2: each partition's state is judged as before. A whole one goes on at its marker, an empty
     one begins with the first reading, a damaged one is the same loud stop.
  after step 2: it waits for nothing and says that the topic is missing, until step 3 or `meterstream topics create`.
  after step 3: it begins with the first reading, as it should.
One that runs while the state is deleted is noticed in step 4 or, should it write only later, at its next start:
what it wrote is not all that its marker counts.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from kafka import errors as kafka_errors

from operations.progress import Progress, patiently, progress
from operations.state_markers import newest_markers
from operations.wholeness import missing
from runtime.errors import ConfigError, Transient
from runtime.kafka_admin import admin
from runtime.mends import NEW_EPOCH
from runtime.settings.tree import Settings
from runtime.topic_admin import made_anew, require, topic_ids, verify
from runtime.topics import TopicNames
from streams.configured import rules
from streams.marker import Marker

GONE_WITHIN = 60.0
"""Seconds that a cluster may take to delete a topic."""
LOOK = 0.2
MORE = 2.0
"""Seconds beyond a session's end until the cluster has noticed it."""

_STOP = "stop every streams worker, and what starts them again, then run this command again"
_DONE = ("OK", kafka_errors.GroupIdNotFoundError.__name__)
"""The words of kafka-python for a group that is deleted, or was before."""


@dataclass(frozen=True)
class Task:
    """What there is to do. ``readings``: how many will be read again."""

    state: str
    readings: int


def look(settings: Settings, say: Callable[[str], object]) -> Task:
    """Looks whether the readings can give the state again; changes nothing. ``say`` is told what it waits for.

    Raises:
        ConfigError: they cannot, or streams workers run; every reason, and what to do instead.
        Transient: the cluster does not answer.
    """
    names = TopicNames.of(settings)
    require(settings, [names.readings, names.values, names.dead_letters])
    found = _without_members(settings, say)
    topics = {topic.name: topic for topic in found.topics}
    readings = topics[names.readings]
    markers = newest_markers(settings.kafka, topics[names.state])
    lost = [f"{what}; {NEW_EPOCH}" for what in missing(readings, found, markers)]
    if problems := [*lost, *_otherwise(settings, markers)]:
        raise ConfigError(problems)
    return Task(names.state, readings.offsets)


def _without_members(settings: Settings, say: Callable[[str], object]) -> Progress:
    """A worker that ended by itself, or was killed, is a member until its session ends."""
    found = progress(settings)
    patience = settings.kafka.session_timeout + MORE
    if found.streams.members:
        say(f"waiting at most {patience:g} s for the sessions of {found.streams.members} streams workers to end")
    deadline = time.monotonic() + patience
    while found.streams.members:
        if time.monotonic() > deadline:
            raise ConfigError([f"{found.streams.members} streams workers are running: {_STOP}"])
        time.sleep(LOOK)
        found = progress(settings)
    return found


def _otherwise(settings: Settings, markers: dict[int, Marker]) -> Iterator[str]:
    """With other rules other rows would come out, under the sequences of those that were published."""
    history = rules(settings.streams).history_text
    for built in sorted({(marker.epoch, marker.history) for marker in markers.values()} - {(settings.epoch, history)}):
        yield (
            f"the state was built in epoch {built[0]} with [{built[1]}], the settings say epoch {settings.epoch} and "
            f"[{history}]: set them back, or {NEW_EPOCH}"
        )


def rebuild(settings: Settings) -> None:
    """Empties the state, so that the workers read every reading again. :func:`look` has been called before.

    1. Delete the group with its offsets; the cluster refuses it while the group has members.
    2. Delete the state topic.
    3. Create it anew, and wait until it is another one. A broker that lags may still show the old one, or none.
    4. Look whether a worker came in between.

    Raises:
        ConfigError: a worker runs, or the cluster refuses a step.
        Transient: the cluster does not answer, or not in time.
    """
    names = TopicNames.of(settings)
    with admin(settings.kafka) as client:
        patiently(lambda: _delete_group(client, names.streams_group))
        old = topic_ids(client, [names.state]).get(names.state)
        _delete_topic(client, names.state)
    _make_anew(settings, names.state, old)
    check_nobody_came(settings)


def check_nobody_came(settings: Settings) -> None:
    """After the offsets were deleted there are none until a worker starts.

    Raises:
        ConfigError: one has started; what it wrote may be on the new state topic, and not all of its state.
    """
    streams = progress(settings).streams
    if streams.members or any(position is not None for position in streams.positions.values()):
        raise ConfigError([f"a streams worker was started while the state was rebuilt: {_STOP}"])


def _delete_group(client: Any, group: str) -> None:
    said = client.delete_groups([group])[group]
    if said in _DONE:
        return
    error = getattr(kafka_errors, said)
    if error is kafka_errors.NonEmptyGroupError:
        raise ConfigError([f"streams workers are running (group {group} has members): {_STOP}"])
    raise error(f"deleting group {group}")


def _delete_topic(client: Any, name: str) -> None:
    (topic,) = client.delete_topics([name], raise_errors=False)["topics"]
    error = kafka_errors.for_code(topic["error_code"])
    if error is kafka_errors.TopicDeletionDisabledError:
        raise ConfigError([f"topic {name}: the cluster deletes no topics; set delete.topic.enable on its brokers"])
    if topic["error_code"] and error is not kafka_errors.UnknownTopicOrPartitionError:
        raise error(f"deleting {name}")


def _make_anew(settings: Settings, name: str, old: str | None) -> None:
    """Until the topic is there, as it must be, and is not the one with the old id."""
    deadline = time.monotonic() + GONE_WITHIN
    while True:
        if made_anew(settings, {name: old}) and not verify(settings, [name]):
            return
        if time.monotonic() > deadline:
            require(settings, [name])
            raise Transient(f"topic {name} is still being deleted: run this command again")
        time.sleep(LOOK)
