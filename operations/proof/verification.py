"""What a receiver holds beside what the feed says it must hold, at the positions of its own worker."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import groupby, takewhile
from threading import Event
from typing import Literal

from operations.progress import TopicEnds, topic_ends
from operations.proof.differences import Difference, Differences, Measure, compare
from operations.proof.feed import Passed, left_by_guard, rows_of
from operations.proof.held_rows import Moment, moment_of, opened, shown_rows
from operations.proof.layout_rows import LayoutVerdict, reading
from operations.proof.rows import AS_THEY_ARE, NAMES, PLACE, Version
from operations.proof.sorted_rows import SortedRows, sorting
from operations.receivers.stages import Chosen
from runtime.errors import ConfigError, PositionError
from runtime.garbage import collecting_seldom
from runtime.mends import NEW_EPOCH
from runtime.registry import schema_registry
from runtime.topics import TopicNames
from schemas import instants
from schemas.codec import Codec
from schemas.events import MeterValue
from schemas.keys import partition_of
from sinks.build import layouts_of
from sinks.columns import NAMES as WHOLE_ROW
from sinks.database import Database
from sinks.decoding import Decoder
from sinks.layouts import Layout
from sinks.points.points import Period, Points
from sinks.projections.settled import unsettled

_PERIOD = tuple(PLACE[name] for name in ("granularity", "period_start", "period_end"))

Verdict = Literal["equal", "different"]
Look = Callable[[Sequence[Version]], None]
"""Looks at all rows of a metering point, in the order of their keys; points come in the order of their names."""


@dataclass(frozen=True)
class Verification:
    """The outcome.

    ``at``: when the rows were read, in UTC. ``rows``: what the receiver holds; ``equal``: those exactly as the feed
    says. ``missing``, ``extra``, ``different``: rows; ``refused``: values that its database refuses, and nothing newer
    has replaced. ``unmapped``: rows of points that are no longer its own: left where they are, no difference.
    ``unsettled``: rows of points that are being read again beside the live feed, not judged before that is done.
    ``fields``: by field how many rows differ in it. ``layouts``: what their views show beside the reading in Python of
    the same layouts, of the rows that the receiver holds. ``behind``: records that the worker had not read yet, of
    which the verdict says nothing. ``unusable``: records of the feed that are no values.
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
    layouts: tuple[LayoutVerdict, ...]
    behind: int
    unusable: int
    positions: dict[int, int]
    schema_version: int


def verify(chosen: Chosen, most: int = 20, looks: Sequence[Look] = ()) -> Verification:
    """Reads the receiver back, and the feed up to where its worker was, and compares field by field.

    Args:
        chosen: the receiver's stage.
        most: so many differences are spelled out.
        looks: see :data:`Look`; at the rows that the receiver holds.

    Raises:
        Transient: the database, Kafka or the schema registry cannot be used now.
        ConfigError: there is nothing to compare: no tables, or of another epoch.
        PositionError: the topic is another than the one that the receiver was filled from.
    """
    wanted = chosen.points().read()
    layouts = _views(chosen)
    at = instants.to_text(instants.now())
    with (
        collecting_seldom(),
        sorting() as (expected, found),
        reading(layouts, wanted) as readings,
        ExitStack() as beside,
    ):
        with opened(chosen.database(), chosen.label) as snapshot:
            moment = moment_of(snapshot, chosen.label)
            _require_taken(chosen.label, moment, wanted, layouts)
            _require_projected(chosen.label, snapshot, moment.epoch, layouts)
            topic = _topic(chosen, moment)
            # 1. The feed, up to the positions of the snapshot, …
            feed = beside.enter_context(_feed(chosen, moment, topic, wanted, expected))
            # 2. … meanwhile, in the snapshot, the receiver's rows, and what its layouts show.
            found.add(shown_rows(snapshot, WHOLE_ROW if layouts else NAMES))
            readings.take(snapshot)
        passed = feed.result()
        # 3. Both in the order of their keys, side by side.
        settled, differences = _settled(moment, len(topic.ends)), Differences(most)
        unmapped = compare(
            filter(settled, left_by_guard(expected, passed)),
            filter(settled, _looked_at(found, [*looks, *([readings.look] if layouts else [])])),
            differences,
            Measure(),
            lambda row: not _has(wanted, row),
        )
        # 4. The layouts, by the receiver's own rows.
        compared = _Compared(differences, passed, unmapped, found.count, readings.judge(most))
    return _verification(chosen.label, at, moment, topic, compared)


def _looked_at(rows: Iterable[Version], looks: Sequence[Look]) -> Iterator[Version]:
    """The rows, each metering point's looked at before they pass."""
    for _, of_point in groupby(rows, key=lambda row: row.key[0]):
        some = list(of_point)
        for look in looks:
            look(some)
        yield from some


@dataclass(frozen=True)
class _Compared:
    """What the comparison came to. ``held``: the rows of the receiver."""

    differences: Differences
    passed: Passed
    unmapped: int
    held: int
    layouts: tuple[LayoutVerdict, ...]


def _verification(label: str, at: str, moment: Moment, topic: TopicEnds, compared: _Compared) -> Verification:
    differences, kinds = compared.differences, compared.differences.kinds
    wrong = differences.count or compared.passed.refused or any(layout.differs for layout in compared.layouts)
    judged = differences.equal + kinds["extra"] + kinds["different"] + compared.unmapped
    return Verification(
        receiver=label,
        at=at,
        epoch=moment.epoch,
        verdict="different" if wrong else "equal",
        rows=compared.held,
        equal=differences.equal,
        missing=kinds["missing"],
        extra=kinds["extra"],
        different=kinds["different"],
        refused=len(compared.passed.refused),
        unmapped=compared.unmapped,
        unsettled=compared.held - judged,
        fields=dict(differences.fields.most_common()),
        first=tuple(differences.first),
        layouts=compared.layouts,
        behind=sum(max(0, end - moment.positions.get(number, 0)) for number, end in topic.ends.items()),
        unusable=compared.passed.unusable,
        positions=dict(sorted(moment.positions.items())),
        schema_version=moment.schema_version,
    )


def _views(chosen: Chosen) -> tuple[Layout, ...]:
    """The layouts that are views in the stage's database; those of files are none."""
    layouts = layouts_of(chosen.name, chosen.receiver, chosen.address)
    return () if chosen.address.database == "files" else layouts


def _require_taken(label: str, moment: Moment, wanted: Points, layouts: Iterable[Layout]) -> None:
    """The worker has taken points and layouts as they are now: what it has not taken cannot be proven."""
    soon = "it does so within seconds, or when it is started"
    others = [layout.view for layout in layouts if moment.layouts.get(layout.view) != layout.fingerprint]
    problems = [f"receivers.{label}: its worker has not made the view {view} as it is now; {soon}" for view in others]
    if moment.points != wanted.fingerprint:
        problems.append(f"receivers.{label}: its worker has not taken the points file as it is now; {soon}")
    if problems:
        raise ConfigError(problems)


def _require_projected(label: str, snapshot: Database, epoch: str, layouts: Iterable[Layout]) -> None:
    """The customer's own tables are what the worker makes of the rows."""
    waits = {layout.into: unsettled(snapshot, layout, epoch) for layout in layouts if layout.into is not None}
    if problems := [
        f"receivers.{label}.into: table {table}: {why}; wait for it" for table, why in waits.items() if why
    ]:
        raise ConfigError(problems)


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


@contextmanager
def _feed(
    chosen: Chosen, moment: Moment, topic: TopicEnds, wanted: Points, into: SortedRows
) -> Iterator[Future[Passed]]:
    """Reads the feed in a thread of its own, for as long as the context lasts at most."""
    ended = Event()
    passed = Passed()

    def read() -> Passed:
        codec = Codec(MeterValue, schema_registry(chosen.settings.registry, os.environ))
        decoder = Decoder(codec, AS_THEY_ARE, wanted, len(topic.ends))
        rows = rows_of(chosen.settings, decoder, moment.positions, moment.refused, passed)
        into.add(takewhile(lambda row: not ended.is_set(), rows))
        return passed

    with ThreadPoolExecutor(1, "feed") as beside:
        try:
            yield beside.submit(read)
        finally:
            ended.set()


def _has(wanted: Points, row: Version) -> bool:
    period = Period(*(row.fields[place] for place in _PERIOD))
    return any(one.takes(period) for one in wanted.of(row.key[0], row.key[2]))
