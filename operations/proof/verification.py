"""What a receiver holds beside what the feed says it must hold, at the positions of its own worker."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from operations.progress import TopicEnds, topic_ends
from operations.proof.differences import Difference, Differences, Measure, compare
from operations.proof.feed import Passed, left_by_guard, versions
from operations.proof.held_rows import Moment, fill, read_rows
from operations.proof.rows import AS_THEY_ARE, PLACE, Version, decode
from operations.proof.sorted_rows import SortedRows, sorting
from operations.receivers.stages import Chosen
from runtime.errors import ConfigError, PositionError
from runtime.mends import NEW_EPOCH
from runtime.registry import schema_registry
from runtime.topics import TopicNames
from schemas import instants
from schemas.codec import Codec
from schemas.events import MeterValue
from schemas.keys import partition_of
from sinks.decoding import Decoder
from sinks.points import Period, Points

_PERIOD = tuple(PLACE[name] for name in ("granularity", "period_start", "period_end"))

Verdict = Literal["equal", "different"]
Watch = Callable[[Iterable[Version]], Iterator[Version]]
"""Looks at the receiver's rows, in the order of their keys, as they pass."""


@dataclass(frozen=True)
class Verification:
    """The outcome.

    ``at``: when the rows were read, in UTC. ``rows``: what the receiver holds; ``equal``: those exactly as the feed
    says. ``missing``, ``extra``, ``different``: rows; ``refused``: values that its database refuses, and nothing newer
    has replaced. ``unmapped``: rows of points that are no longer its own: left where they are, no difference.
    ``fields``: by field how many rows differ in it. ``behind``: records that the worker had not read yet, of which the
    verdict says nothing. ``unusable``: records of the feed that are no values.
    """

    receiver: str
    at: str
    epoch: str
    verdict: Verdict
    rows: int
    equal: int
    missing: int
    extra: int
    different: int
    refused: int
    unmapped: int
    unsettled: int
    fields: dict[str, int]
    first: tuple[Difference, ...]
    behind: int
    unusable: int
    positions: dict[int, int]
    schema_version: int


def verify(chosen: Chosen, most: int = 20, watch: Watch = iter) -> Verification:
    """Reads the receiver back, then the feed up to where its worker was, and compares field by field.

    Args:
        chosen: the receiver's stage.
        most: so many differences are spelled out.
        watch: see :data:`Watch`.

    Raises:
        Transient: the database, Kafka or the schema registry cannot be used now.
        ConfigError: there is nothing to compare: no tables, or of another epoch.
        PositionError: the topic is another than the one that the receiver was filled from.
    """
    wanted = chosen.points().read()
    at = instants.to_text(instants.now())
    with sorting() as (expected, found):
        moment = read_rows(chosen.database(), chosen.label, found)
        if moment.points != wanted.fingerprint:
            raise ConfigError(
                [
                    f"receivers.{chosen.label}: its worker has not taken the points file as it is now; it does so "
                    "within seconds, or when it is started"
                ]
            )
        topic = _topic(chosen, moment)
        passed = _read_feed(chosen, moment, len(topic.ends), wanted, expected)
        settled = _settled(moment, len(topic.ends))
        differences = Differences(most)
        unmapped = compare(
            filter(settled, left_by_guard(expected, passed)),
            filter(settled, watch(found)),
            differences,
            Measure(),
            lambda row: not _has(wanted, row),
        )
        held = found.count
    kinds = differences.kinds
    return Verification(
        receiver=chosen.label,
        at=at,
        epoch=moment.epoch,
        verdict="different" if differences.count or passed.refused else "equal",
        rows=held,
        equal=differences.equal,
        missing=kinds["missing"],
        extra=kinds["extra"],
        different=kinds["different"],
        refused=len(passed.refused),
        unmapped=unmapped,
        unsettled=held - differences.equal - kinds["extra"] - kinds["different"] - unmapped,
        fields=dict(differences.fields.most_common()),
        first=tuple(differences.first),
        behind=sum(max(0, end - moment.positions.get(number, 0)) for number, end in topic.ends.items()),
        unusable=passed.unusable,
        positions=dict(sorted(moment.positions.items())),
        schema_version=moment.schema_version,
    )


def _topic(chosen: Chosen, moment: Moment) -> TopicEnds:
    """The feed's topic, which must be the one that the receiver was filled from."""
    if moment.epoch != chosen.settings.epoch:
        raise ConfigError(
            [
                f"receivers.{chosen.label}: it shows epoch {moment.epoch}, the settings are of epoch "
                f"{chosen.settings.epoch}; use the settings of that epoch"
            ]
        )
    topic = topic_ends(chosen.settings, TopicNames.of(chosen.settings).values)
    if topic.id != moment.topic_id:
        raise PositionError(
            f"topic {topic.name} was made anew since receiver {chosen.label} read it, or is not there; {NEW_EPOCH}"
        )
    return topic


def _settled(moment: Moment, partitions: int) -> Callable[[Version], bool]:
    """Whether of a row's point everything up to the worker's positions has been delivered."""

    def settled(row: Version) -> bool:
        generation = moment.later.get(row.key[0])
        return generation is None or generation <= moment.reached[partition_of(row.key[0], partitions)]

    return settled


def _read_feed(chosen: Chosen, moment: Moment, count: int, wanted: Points, into: SortedRows) -> Passed:
    codec = Codec(MeterValue, schema_registry(chosen.settings.registry, os.environ))
    passed = Passed()
    decoder = Decoder(codec, AS_THEY_ARE, wanted, count)
    fill(into, versions(chosen.settings, decoder, moment.positions, moment.refused, passed))
    return passed


def _has(wanted: Points, row: Version) -> bool:
    fields = decode(row.content)
    period = Period(*(fields[place] for place in _PERIOD))
    return any(one.takes(period) for one in wanted.of(row.key[0], row.key[2]))
