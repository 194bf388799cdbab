"""Topics that are lost, and the move to a new epoch that mends it; the same move with nothing broken, under load."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from kafka import KafkaProducer

from local.chaos import topics_struck
from local.chaos.fault import Kind
from local.chaos.operator import LastWords, NotMet, Operator, away
from local.system import LocalSystem
from local.topic import records
from runtime.kafka import kafka_python_options
from runtime.mends import NEW_EPOCH
from runtime.topics import MAX_MESSAGE_BYTES, TopicNames

RELOAD = "--reload"


def _names(system: LocalSystem) -> TopicNames:
    return TopicNames.of(system.settings)


@contextmanager
def _values_made_anew(system: LocalSystem, random: Random) -> Iterator[str]:
    """Streams and sinks stop; the readings are whole, so nothing is asked of the utility again."""
    words, sinks = LastWords.since_now(system, "streams"), LastWords.since_now(system, "sink")
    topic = _names(system).values
    with topics_struck.gone(system.settings, [topic]):
        pass
    yield topic
    words.await_loud_stop(NEW_EPOCH)
    sinks.await_loud_stop(NEW_EPOCH)
    Operator(system).new_epoch()


@contextmanager
def _readings_made_anew(system: LocalSystem, random: Random) -> Iterator[str]:
    words, topic = LastWords.since_now(system, "streams"), _names(system).readings
    with topics_struck.gone(system.settings, [topic]):
        pass
    yield topic
    _reloaded(system, words)


@contextmanager
def _all_made_anew(system: LocalSystem, random: Random) -> Iterator[str]:
    words, names = LastWords.since_now(system, "streams"), _names(system)
    with topics_struck.gone(system.settings, [names.readings, names.values, names.state, names.polls]):
        pass
    yield names.generation
    words.await_loud_stop(NEW_EPOCH)
    Operator(system).new_epoch(RELOAD)  # nothing of the old epoch is left that could tell the command


@contextmanager
def _readings_removed(system: LocalSystem, random: Random) -> Iterator[str]:
    """By retention, before streams had read them: never jumped over."""
    words = LastWords.since_now(system, "streams")
    with away(system, "streams"):
        topics_struck.repeat_newest(system.settings, _names(system).readings)
        _, end = topics_struck.bounds(system.settings, _names(system).readings)
        topics_struck.truncate(system.settings, end)
    yield f"up to {sum(end.values())}"
    words.await_loud_stop("were removed before they were read")
    _reloaded(system, words)


def _reloaded(system: LocalSystem, words: LastWords) -> None:
    """The utility still has what was lost; that it must be asked is the operator's word, not the command's."""
    words.await_loud_stop(NEW_EPOCH)
    operator = Operator(system)
    if RELOAD not in operator.refused_epoch():
        raise NotMet(f"the refusal does not name {RELOAD}")
    operator.new_epoch(RELOAD)


@contextmanager
def _reprocessed(system: LocalSystem, random: Random) -> Iterator[str]:
    """Nothing is broken: another number of partitions, while readings come. The copying is killed once."""
    operator, old = Operator(system), system.settings
    count = random.choice([number for number in (2, 3, 5, 6) if number != old.topics.partitions])
    new = operator.new_settings([(f"partitions = {old.topics.partitions}", f"partitions = {count}")])
    with subprocess.Popen(operator.command(new, "reprocess", "--from", old.epoch)) as copying:
        try:
            copying.wait(random.uniform(2.0, 6.0))
        except subprocess.TimeoutExpired:
            copying.send_signal(signal.SIGKILL)
    yield f"into {count} partitions"
    operator.run("reprocess", "--from", old.epoch, config=new)
    with operator.beside(new, "streams-new", "streams"):
        operator.finish_epoch(old.epoch, new)


@contextmanager
def _letters_made_anew(system: LocalSystem, random: Random) -> Iterator[str]:
    """What was on the topic is put back, since it is judged; the processes stand still meanwhile, and live on."""
    topic = _names(system).dead_letters
    frozen = [system.stages.process(state.name) for state in system.stages.states() if state.alive]
    for process in frozen:
        process.send(signal.SIGSTOP)
    try:
        there = list(records(system.settings, topic))
        with topics_struck.gone(system.settings, [topic]):
            pass
        options = kafka_python_options(system.settings.kafka) | {"max_request_size": MAX_MESSAGE_BYTES}
        producer = KafkaProducer(**options, acks="all")
        for record in there:
            producer.send(topic, key=record.key, value=record.value, headers=list(record.headers), partition=0)
        producer.close()
    finally:
        for process in frozen:
            process.send(signal.SIGCONT)
    yield f"{len(there)} records"


KINDS = (
    Kind("values: topic made anew", "state", _values_made_anew, alone=True),
    Kind("readings: topic made anew", "state", _readings_made_anew, alone=True),
    Kind("readings: removed before they were read", "state", _readings_removed, alone=True),
    Kind("every topic of the epoch made anew", "state", _all_made_anew, alone=True),
    Kind("reprocess under load, killed once", "state", _reprocessed, alone=True),
    Kind("dead letters: topic made anew", "state", _letters_made_anew, alone=True),
)
