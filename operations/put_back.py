"""Puts dead letters back, and notes durably who did it, when, and what came of it.

In steps of some dead letters at a time: first what goes into Kafka, acknowledged; then what the receivers' workers are
asked; then the note. Killed in between, what was done but not noted is done again at the next call: every record has
its version, and a worker's guard takes a row once, so nothing is doubled. What was noted is not done again.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from operations.dead_letter_box import DeadLetterBox
from operations.dead_letter_fold import Folded
from operations.put_back_plan import Outgoing, Plan
from runtime.errors import Transient
from runtime.settings.tree import Settings
from runtime.topics import MAX_MESSAGE_BYTES, TopicNames
from schemas import instants
from schemas.codec import Codec
from schemas.events import PutBack
from sinks.build import database_of
from sinks.clients import connected
from sinks.put_back import PutBackRecord
from sinks.upkeep import Upkeep

AT_ONCE = 100
"""Dead letters between two notes."""


@dataclass(frozen=True)
class Signature:
    """Who does it, and in which call of the command."""

    operator: str
    run: str


class PuttingBack:
    """Carries plans out."""

    def __init__(self, settings: Settings, environment: Mapping[str, str], box: DeadLetterBox, by: Signature) -> None:
        """Connects to nothing yet. The receivers' databases are those of the settings."""
        self._settings = settings
        self._environment = environment
        self._codec: Codec[PutBack] = box.codecs.put_backs
        self._by = by
        self._put_backs = TopicNames.of(settings).put_backs

    def carry_out(self, plans: Iterable[Plan], folded: Mapping[str, Folded]) -> Iterator[Plan]:
        """Gives back what is done and noted, or cannot be. ``folded``: the dead letters by id.

        Raises:
            Transient: Kafka or a receiver's database is away; what was not given back is to be done again.
            ConfigError: a receiver's database is not as it must be.
        """
        rest = iter(plans)
        patience_ms = int(self._settings.kafka.request_timeout * 1000)
        producer = connected(
            KafkaProducer,
            self._settings.kafka,
            acks="all",
            max_block_ms=patience_ms,
            delivery_timeout_ms=patience_ms + 1_000,
            max_request_size=MAX_MESSAGE_BYTES,
        ).client
        with closing(producer):
            while some := list(islice(rest, AT_ONCE)):
                # 1. Into Kafka. If it fails none of these is noted; a record that is there twice is a duplicate.
                self._send(producer, [record for plan in some for record in plan.records])
                # 2. To the workers. If it fails none of these is noted; a request that is there stays one request.
                self._ask([plan for plan in some if plan.receivers])
                # 3. The note. If it fails, all of it is done again, to the same effect.
                notes = [self._note(plan, folded) for plan in some if plan.result != "impossible"]
                self._send(producer, notes)
                yield from some

    def _send(self, producer: Any, records: Sequence[Outgoing]) -> None:
        try:
            sent = [
                producer.send(
                    record.topic,
                    partition=record.partition,
                    key=record.key,
                    value=record.value,
                    headers=list(record.headers),
                )
                for record in records
            ]
            producer.flush(timeout=self._settings.kafka.request_timeout)
            for future in sent:
                future.get(timeout=self._settings.kafka.request_timeout)
        except KafkaError as error:
            raise Transient(
                f"Kafka: {type(error).__name__}; run this command again: it goes on where it was"
            ) from error

    def _ask(self, plans: Sequence[Plan]) -> None:
        by_receiver: defaultdict[str, list[PutBackRecord]] = defaultdict(list)
        for plan in plans:
            for receiver in plan.receivers:
                by_receiver[receiver].append(plan.request)
        for receiver, requests in by_receiver.items():
            database = database_of(receiver, self._settings.deliveries()[receiver], self._environment)
            Upkeep(database, receiver, self._settings.epoch).put_back(requests)

    def _note(self, plan: Plan, folded: Mapping[str, Folded]) -> Outgoing:
        done = PutBack(
            letter_id=plan.letter.id,
            sighting=folded[plan.letter.id].sighting,
            result=plan.result,
            detail=plan.detail,
            operator=self._by.operator,
            run=self._by.run,
            at=instants.now(),
        )
        return Outgoing(self._put_backs, 0, plan.letter.id.encode(), self._codec.encode(done))
