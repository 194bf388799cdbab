"""What every receiver's database does, whichever it is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from schemas.column_reader import Forms
from sinks.batch import Batch, Positions, Refused
from sinks.layouts import Layout
from sinks.points.points import Points
from sinks.put_back import Judge

State = Literal["waiting", "live", "paused", "retired"]
"""Of a receiver's stage; waiting: for go-live."""


@dataclass(frozen=True)
class Receiver:
    """Whom a writer writes for, and what: one epoch's rows, shown in some layouts.

    ``waits``: a new one is not delivered to before go-live.
    """

    name: str
    epoch: str
    waits: bool = False
    layouts: tuple[Layout, ...] = ()


@dataclass(frozen=True)
class Topic:
    """The values topic as the cluster has it. ``id`` is another where the topic was made anew."""

    name: str
    id: str
    partitions: int


@dataclass(frozen=True)
class Pass:
    """Values of a partition that are to be read again: those of points of later generations than ``after_generation``.

    ``rewrite``: rows of the same version are replaced, too.
    """

    next_offset: int
    end_offset: int
    after_generation: int = 0
    rewrite: bool = False

    def with_(self, other: "Pass") -> "Pass":
        """One that delivers what either would."""
        return Pass(
            min(self.next_offset, other.next_offset),
            max(self.end_offset, other.end_offset),
            min(self.after_generation, other.after_generation),
            self.rewrite or other.rewrite,
        )


@dataclass(frozen=True)
class Again:
    """What a worker's partitions have to be read again for; nothing where ``passes`` is empty."""

    passes: Mapping[int, Pass]
    points: Points

    @property
    def rewrite(self) -> bool:
        """Whether rows of the same version are replaced."""
        return any(one.rewrite for one in self.passes.values())


@dataclass(frozen=True)
class Opened:
    """What stands in the receiver's database. ``live``: its view shows this epoch's rows."""

    positions: Positions
    live: bool


@dataclass(frozen=True)
class Written:
    """What one transaction did: rows inserted or replaced, and rows the database refuses."""

    rows: int
    refused: int


@dataclass(frozen=True)
class Standing:
    """What persons ask of a worker: whether values are to be delivered, and what is to be read again."""

    state: State
    again: Again


Refuse = Callable[[Sequence[Refused]], Sequence[str]]
"""Makes dead letters of refused rows, returns their ids once they are acknowledged; raises Transient."""


class Writer(Protocol):
    """Delivers batches into one receiver's database, each in one transaction."""

    forms: Forms
    """In which the columns of the batches' rows are."""

    def open(self, topic: Topic, partitions: Sequence[int]) -> Opened:
        """Connects (again), makes or migrates the tables, and reads the positions of these partitions.

        The first time they become this worker's own: one that was started earlier finds itself superseded.

        Raises:
            Transient: the database cannot be used now.
            ConfigError: the tables belong to another receiver, or to a newer release.
            PositionError: the stored positions are of another topic.
            Superseded: another worker has been started since.
        """

    def take_points(self, points: Points) -> Again:
        """Has the layouts know these points, and those that are new to the receiver read again from the start.

        Returns:
            All that is to be read again, also for what was there before.

        Raises:
            Transient: the database cannot be used now; ``open`` comes next.
            Superseded: another worker has been started since.
        """

    def look(self) -> Positions:
        """Reads the positions again: is the database there, and is all as this worker left it?

        Raises:
            Transient: the database cannot be used now; ``open`` comes next.
            Superseded: another worker has been started since.
        """

    def write(self, batch: Batch, refuse: Refuse) -> Written:
        """Moves the positions and writes the rows: all of it, or nothing.

        Raises:
            Transient: the database cannot be used now; whether it was written is known after ``open``.
            Superseded: another worker has moved the positions. Nothing was written.
            ManyRefused: nothing was written; write the batch in pieces (:func:`sinks.batch.pieces`).
        """

    def put_back(self, judge: Judge, refuse: Refuse) -> Written | None:
        """Takes what an operator asks to be taken once more, under the guard: all of it, or nothing.

        Returns:
            What was done; None: nothing is asked for.

        Raises:
            Transient: the database cannot be used now; ``open`` comes next.
            Superseded: another worker has been started since.
        """

    def write_again(self, batch: Batch, rewrite: bool, refuse: Refuse) -> Written | None:
        """Moves passes and writes their rows, under the guard; None: an earlier try had already.

        Raises:
            Transient: the database cannot be used now; ``open`` comes next.
            Superseded: another worker has been started since, or an operator asked for another pass.
        """

    def standing(self) -> Standing:
        """What persons ask of the worker now.

        Raises:
            Transient: the database cannot be used now; ``open`` comes next.
            Superseded: another worker has been started since.
        """

    def turn_view(self) -> bool:
        """Says that these partitions are filled; the view is switched with the last. Returns whether it is.

        It is not while the view knows a newer reading of any series: then this epoch is still being loaded.

        Raises:
            Transient: the database cannot be used now.
        """

    def close(self) -> None:
        """Ends the connection."""
