"""The parts of a worker's road, as the worker sees them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.events import DeadLetter
from sinks.batch import Positions, Record
from sinks.decoding import Decoder
from sinks.points.points import Points
from sinks.writer import Topic, Writer


@dataclass(frozen=True)
class Fetched:
    """Records in the order of the log, per partition; ``positions``: of all partitions, behind these records.

    ``newest``: when the newest of them was published, in seconds since 1970; None: there are none.
    """

    records: Sequence[Record]
    positions: Positions
    newest: float | None = None


class Values(Protocol):
    """The values topic; :class:`sinks.consumer.KafkaValues` says more."""

    def connect(self) -> tuple[Topic, list[int]]:
        """The topic, and the partitions of this worker."""

    def begin(self, positions: Positions) -> Positions:
        """Reads on from these positions; the ends of the log now."""

    def fetch(self) -> Fetched:
        """What is there, or nothing after a moment."""

    def lag(self, *, ask: bool) -> int:
        """Records between the positions and the end."""

    def close(self) -> None:
        """Ends the connection."""


class Letters(Protocol):
    """Where dead letters go."""

    def send(self, letters: Sequence[DeadLetter]) -> None:
        """Sends some; acknowledged when it returns, else Transient."""

    def close(self) -> None:
        """Ends the connection."""


class Reporter(Protocol):
    """Who is told the positions, for lag tools."""

    def report(self, positions: Mapping[int, int]) -> None:
        """These are the newest; returns at once and never fails."""

    def close(self) -> None:
        """Ends the connection."""


class PointsSource(Protocol):
    """The receiver's points, which may change; :class:`sinks.points.file.PointsFile`."""

    def read(self) -> Points:
        """What they are now, or ConfigError."""

    def changed(self) -> bool:
        """Whether they may be others than those read last."""


@dataclass(frozen=True)
class Road:
    """What the records pass.

    Attributes:
        again: makes another reader of the values topic, for what is read again.
        decoder: makes one, given the number of the topic's partitions, and the points.
    """

    values: Values
    again: Callable[[], Values]
    points: PointsSource
    decoder: Callable[[int, Points], Decoder]
    letters: Letters
    writer: Writer
    reporter: Reporter
