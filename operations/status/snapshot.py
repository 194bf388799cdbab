"""The running system as it was seen at one moment. What `meterstream status --json` prints is made of these.

Times are Unix seconds; None is what nobody said. Counters count from the start of whoever counts.
"""

from dataclasses import dataclass

from operations.dead_letter_counts import DeadLetterCounts
from operations.progress import Progress


@dataclass(frozen=True)
class Process:
    """One process that was asked.

    Attributes:
        address: where it serves its health.
        kind: producer, streams, sink, sinks or observer; of one that does not answer, what its list calls it.
        version: of the software.
        answers: whether it said anything.
        ready: whether it can do its work.
        waiting_for: why it is not.
        about: the subjects that its figures are of: ``source NAME``, ``streams``, ``receiver NAME``.
    """

    address: str
    kind: str
    version: str | None
    answers: bool
    ready: bool
    waiting_for: str | None
    about: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """One source, over all shards of the producer.

    Attributes:
        name: as in the settings.
        every: seconds between two polls of a point; None: it has a folder instead of an API.
        answered_at: when the newest answer was asked for; of the shard that is furthest behind.
        period_end: the end of the newest period that came.
        authorised: whether the utility accepts our credentials.
        stopped: whether it is not polled, since too much of it would be dead letters.
        points: metering points by state.
        token_expires_at: of OAuth 2.
        polled: readings in answers.
    """

    name: str
    every: float | None
    answered_at: float | None = None
    period_end: float | None = None
    authorised: bool | None = None
    stopped: bool | None = None
    points: dict[str, int] | None = None
    token_expires_at: float | None = None
    polled: float | None = None


@dataclass(frozen=True)
class Streams:
    """All streams workers together.

    ``workers``: that answered. ``recovering``: partitions whose state is being loaded. ``held``: by reason.
    """

    workers: int = 0
    partitions: int | None = None
    recovering: int | None = None
    stopped: bool | None = None
    consumed: float | None = None
    published: float | None = None
    held: dict[str, int] | None = None


@dataclass(frozen=True)
class Receiver:
    """One stage of one receiver, over all shares of its workers.

    Attributes:
        name: ``vitec``, ``vitec.test``.
        test: whether it is the stage ``test``.
        workers: that answered.
        state: starting, waiting, live, paused, retired, unreachable or stopped.
        supervised: False where a supervisor says that its worker does not run; None: nobody supervises it.
        row_at: when the newest committed row's reading was asked for at the utility.
        behind: seconds; 0 where all is read.
        second_pass: records to be read again for points that were mapped later, or after a rewind.
        canaries: by source, when the newest canary that came was sent.
        written: rows inserted or replaced.
    """

    name: str
    test: bool
    workers: int = 0
    state: str | None = None
    supervised: bool | None = None
    row_at: float | None = None
    behind: float | None = None
    second_pass: int | None = None
    canaries: dict[str, float] | None = None
    written: float | None = None


@dataclass(frozen=True)
class Disk:
    """Of one broker, in bytes."""

    broker: str
    total: float
    usable: float


@dataclass(frozen=True)
class Snapshot:
    """Everything.

    Attributes:
        at: when it was looked at.
        epoch: the configured one.
        progress: topics and readers; None: Kafka did not answer, and ``trouble`` says how.
        under_replicated: partitions without all their replicas; None: no observer told.
    """

    at: float
    epoch: str
    progress: Progress | None
    trouble: str | None = None
    dead_letters: DeadLetterCounts | None = None
    sources: tuple[Source, ...] = ()
    streams: Streams = Streams()
    receivers: tuple[Receiver, ...] = ()
    processes: tuple[Process, ...] = ()
    disks: tuple[Disk, ...] = ()
    under_replicated: int | None = None

    def lag(self, receiver: str) -> int | None:
        """Records between a receiver's position and the end of the values topic."""
        readers = self.progress.receivers if self.progress is not None else ()
        return next((reader.lag for reader in readers if reader.name == receiver), None)
