"""One chaos run on a running system: load, faults, quiet, drain, and the verdict."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.chaos.play import Play, Struck
from local.chaos.records import FaultRecord, RunRecord, machine, versions
from local.chaos.schedule import Schedule
from local.chaos.vigil import NotWell, Vigil
from local.drain import Drain
from local.judge import Judgement, judge
from local.options import Options, Timeouts
from local.patience import patiently
from local.process import ServiceError
from local.scrape import scrape
from local.system import LocalSystem

FIRST_ROWS = 200
FIRST_WITHIN, SERVED_WITHIN, DRAINED_WITHIN, WHOLE_WITHIN, STEADY_SECONDS = 300.0, 300.0, 300.0, 300.0, 3.0
TIMEOUTS = Timeouts(session=6.0, request=8.0, stall=20.0, database=10.0)


def options(directory: Path, schedule: Schedule) -> Options:
    """The small, lively system of a chaos run, with lowered time-outs, behind proxies."""
    return Options(
        directory,
        points=24,
        seed=schedule.seed,
        tick=1.5,
        lag_hours=12 * 24,  # new readings for seven minutes: no fault strikes an idle system
        hours=10 * 24,
        days=30,
        months=12,
        brokers=schedule.brokers,
        timeouts=TIMEOUTS,
        proxied=True,
    )


@dataclass
class Course:
    """A run of one schedule. ``say`` is told what happens, from any thread."""

    system: LocalSystem
    schedule: Schedule
    say: Callable[[str], object]

    def run(self) -> RunRecord:
        """Breaks the system as the schedule says, heals it and judges it; the utility goes on afterwards."""
        began = time.monotonic()
        with Vigil(self.system) as vigil:
            play = Play(self.system, vigil, self.say)
            judgement, troubles = None, []
            try:
                vigil.wait(self._rows_flow, FIRST_WITHIN, "the first rows are delivered")
                play.run(self.schedule)
                judgement = self._verdict(vigil)
                self._order(quiet=False)
            except (NotWell, ServiceError) as error:
                troubles = [str(error)]
        troubles += [f"{one.strike.kind.name}: {one.trouble}" for one in play.struck if one.trouble]
        troubles += judgement.troubles() if judgement else []
        return self._record(time.monotonic() - began, faults(play.struck, vigil), judgement, troubles)

    def _rows_flow(self) -> bool:
        return scrape(self.system.metrics("sink")).total("meterstream_sink_rows_written_total") > FIRST_ROWS

    def _order(self, quiet: bool) -> None:
        patiently(lambda: self.system.ask_utility("/_control", {"quiet": quiet}), "the simulated utility")

    def _verdict(self, vigil: Vigil) -> Judgement:
        self.say("all is healed; the utility goes quiet")
        self._order(quiet=True)
        vigil.wait(lambda: self._pending() == 0, SERVED_WITHIN, "every point is served")
        drain = Drain(self.system.settings)
        vigil.wait(drain.done, DRAINED_WITHIN, "everything has arrived")
        vigil.wait_whole(WHOLE_WITHIN)
        before = [state.pid for state in self.system.states()]
        time.sleep(STEADY_SECONDS)
        if before != [state.pid for state in self.system.states()]:
            raise NotWell("a process ended after everything had been whole again")
        allowed = {reason for strike in self.schedule.strikes for reason in strike.kind.letters}
        return judge(self.system, allowed)

    def _pending(self) -> object:
        try:
            return self.system.ask_utility("/_status")["pending"]
        except OSError:
            return None

    def _record(
        self, seconds: float, struck: tuple[FaultRecord, ...], judgement: Judgement | None, troubles: Sequence[str]
    ) -> RunRecord:
        tables = judgement.tables if judgement else ()
        counted = ("missing", "unseen", "unexpected", "doubled")
        return RunRecord(
            seed=self.schedule.seed,
            brokers=self.schedule.brokers,
            passed=judgement is not None and judgement.survived and not troubles,
            seconds=round(seconds, 1),
            faults=struck,
            lost={verdict.receiver: verdict.lost for verdict in tables},
            doubled={verdict.receiver: verdict.doubled for verdict in tables},
            wrong={verdict.receiver: verdict.wrong for verdict in tables},
            letters={name: len(getattr(judgement.letters, name)) for name in counted} if judgement else {},
            exits={state.name: state.exits for state in self.system.states()},
            troubles=tuple(troubles),
            machine=machine(),
            versions=versions(),
        )


def faults(struck: Sequence[Struck], vigil: Vigil) -> tuple[FaultRecord, ...]:
    """What happened, in order of beginning, each with the time until the system was whole again."""
    return tuple(
        FaultRecord(
            kind=one.strike.kind.name,
            family=one.strike.kind.family,
            target=one.target,
            began=round(one.began, 1),
            seconds=round(one.seconds, 1),
            recovery=_rounded(vigil.recovery(one.healed_at)),
            together=sum(_overlap(one, other) for other in struck) - 1,
            trouble=one.trouble,
        )
        for one in sorted(struck, key=lambda one: one.began)
    )


def _overlap(one: Struck, other: Struck) -> bool:
    return one.began < other.began + other.seconds and other.began < one.began + one.seconds


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
