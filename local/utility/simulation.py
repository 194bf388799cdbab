"""The running simulation: a world, its ledger, its faults and its pace, and the controls over them."""

from collections import Counter
from dataclasses import dataclass, field, replace

from local.utility.bodies import BAD_MESSAGES, UNREADABLE
from local.utility.coverage import Coverage
from local.utility.faults import Faults
from local.utility.ledger import Ledger
from local.utility.state import StateFile, WorldState
from local.utility.trouble import Troubles
from local.utility.world import Answer, World


@dataclass(slots=True)
class Pace:
    """Seconds per tick (0: time stands still), and whether it is paused."""

    tick_seconds: float = 1.0
    paused: bool = False

    @property
    def moving(self) -> bool:
        """Whether ticks come by themselves."""
        return self.tick_seconds > 0 and not self.paused


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where the state is kept (None: nowhere), and the state with which the process began."""

    file: StateFile | None
    state: WorldState


@dataclass(slots=True)
class Traffic:
    """Counts since this process began."""

    outcomes: Counter[str] = field(default_factory=Counter)
    readings: int = 0
    requests: int = 0


class Simulation:
    """Everything behind the addresses. `quiet` means: no changes, no faults; broken readings stay."""

    def __init__(self, world: World, ledger: Ledger, faults: Faults, pace: Pace, keeping: Keeping) -> None:
        self.world = world
        self.ledger = ledger
        self.pace = pace
        self.traffic = Traffic(requests=ledger.last_request)
        self.quiet = False
        self.troubles = Troubles()
        self._faults = faults
        self._coverage = Coverage(world)
        self._keeping = keeping
        self.set_quiet(keeping.state.quiet)

    def advance(self, ticks: int = 1) -> None:
        """Let the world go on, unless it is quiet. The new tick is stored before it shows."""
        if self.quiet:
            return
        self._save(self.world.tick + ticks)
        self.world.advance(ticks)

    def set_quiet(self, quiet: bool) -> None:
        """Stop changes and faults, or let them go on."""
        if quiet and not self.quiet:
            self._coverage.begin()
        if not quiet:
            self._coverage.end()
        self.quiet = quiet
        self._save(self.world.tick)

    def _save(self, tick: int) -> None:
        if self._keeping.file is not None:
            self._keeping.file.save(replace(self._keeping.state, tick=tick, quiet=self.quiet))

    def next_request(self) -> int:
        """The number of a request that has arrived just now."""
        self.traffic.requests += 1
        return self.traffic.requests

    def fate(self, feed: str, number: int) -> str | None:
        """The fault that this request meets, None for a good answer."""
        return self.troubles.fate() or (None if self.quiet else self._faults.choose(feed, number))

    def served(self, request: int, answers: list[Answer]) -> None:
        """These messages are handed over completely."""
        self.ledger.record(request, answers)
        for answer in answers:
            self.traffic.readings += answer.readings
            self._coverage.note(answer)

    def served_unusable(self, request: int, where: tuple[str, str | None], kind: str, message: str | None) -> None:
        """An unusable body (message: None) or message is handed over completely."""
        reason = "unreadable_response" if kind in UNREADABLE else BAD_MESSAGES[kind]
        form = "body" if message is None else "message"
        letter: dict[str, object] = {"kind": form, "broken": kind, "dead_letter": reason, "original": message}
        self.ledger.record_unusable(request, where, letter)

    def status(self) -> dict[str, object]:
        """What GET /_status tells."""
        world, counts = self.world, self.ledger.counts
        broken = {name.partition(":")[2]: count for name, count in counts.items() if name.startswith("broken:")}
        return {
            "tick": world.tick,
            "quiet": self.quiet,
            "paused": self.pace.paused,
            "trouble": self.troubles.now,
            "tick_seconds": self.pace.tick_seconds,
            "requests": dict(self.traffic.outcomes),
            "readings_served": self.traffic.readings,
            "contents_served": counts["contents"],
            "corrections": counts["corrections"],
            "fixed": counts["fixed"],
            "broken": broken,
            "ledger_lines": self.ledger.serial,
            "feeds": {
                name: {"points": world.settings.points, "periods": feed.count, "newest": self.newest(name)}
                for name, feed in world.feeds.items()
            },
            "pending": self._coverage.pending(),
        }

    def newest(self, feed: str) -> str:
        """The ReadingDate of the newest period that a feed shows."""
        here = self.world.feeds[feed]
        return here.calendar.texts[here.count - 1]
