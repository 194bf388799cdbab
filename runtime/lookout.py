"""Looks at the cluster beside the work: is it there, are the topics still the same ones, and where do they end?

An idle worker asks Kafka for nothing that would fail, and one that reads would not notice a topic that was deleted,
made anew and has outgrown its position, nor that its client has stopped fetching. So the cluster is asked about the
topics every few seconds, in a thread of its own: a client that waits for a broker that is away keeps nobody from
working or stopping.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from kafka import TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError

from runtime.errors import Fatal, MeterstreamError
from runtime.kafka_admin import admin
from runtime.kafka_reach import Distrusted
from runtime.settings.system import KafkaSettings
from runtime.topic_admin import topic_ids

EVERY = 2.0
"""Seconds between two looks."""
ANSWER_WITHIN = 5.0
"""Seconds that an answer may take; then the worker is not ready."""


@dataclass(frozen=True)
class Sight:
    """What the cluster told: the ids of those topics that exist, by name; the ends of some places by partition."""

    ids: Mapping[str, str]
    ends: Mapping[int, int] = field(default_factory=dict)


Seen = Sight | str | Fatal
"""Or why it told nothing; Fatal: it does not let us in any more."""


@dataclass(frozen=True)
class Aim:
    """What is looked at: the topics that must stay the same, and the places of one topic whose ends are told."""

    topics: Collection[str]
    places: Collection[TopicPartition] = ()


def look_out(kafka: KafkaSettings, aim: Aim, tell: Callable[[Seen], object]) -> None:
    """Starts to look, and tells ``tell`` – in another thread – what was seen, until that raises RuntimeError.

    An event loop's ``call_soon_threadsafe`` raises it once the loop is closed.
    """
    impatient = kafka.model_copy(update={"request_timeout": min(ANSWER_WITHIN, kafka.request_timeout)})
    threading.Thread(target=_look, args=(impatient, aim, tell), name="lookout", daemon=True).start()


def _sight(client: Any, aim: Aim) -> Sight:
    ids = topic_ids(client, aim.topics)
    if len(ids) < len(aim.topics):
        return Sight(ids)
    ends = {} if not aim.places else client.list_partition_offsets(dict.fromkeys(aim.places, OffsetSpec.LATEST))
    return Sight(ids, {place.partition: end.offset for place, end in ends.items()})


def _look(kafka: KafkaSettings, aim: Aim, tell: Callable[[Seen], object]) -> None:
    while True:
        seen: Seen
        try:
            with admin(kafka) as client:
                while _told(tell, _sight(client, aim)):
                    time.sleep(EVERY)
                return
        except MeterstreamError as error:
            seen = Fatal(str(error)) if isinstance(error, Distrusted) else str(error)
        except KafkaError as error:
            seen = f"Kafka does not answer ({type(error).__name__})"
        if not _told(tell, seen):
            return
        time.sleep(EVERY)


def _told(tell: Callable[[Seen], Any], seen: Seen) -> bool:
    try:
        tell(seen)
    except RuntimeError:
        return False
    return True
