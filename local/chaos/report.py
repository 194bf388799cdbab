"""docs/reliability.md, from the records of chaos runs: `python -m local.chaos.report`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local.chaos.records import RunRecord, read

DOCS = Path(__file__).parents[2] / "docs"
RECORDS, PAGE = DOCS / "reliability.jsonl", DOCS / "reliability.md"

HEAD = """\
# Reliability

Written by `python -m local.chaos.report` from the records in [reliability.jsonl](reliability.jsonl); do not edit.

A chaos run (`make chaos`) starts the real processes, a real Kafka, real databases and a simulated utility that keeps a
ledger of every answer it gives, and breaks them while readings flow. Every connection of the product goes through a
proxy that can be made to misbehave. What strikes when is drawn from a seed (`make chaos SEED=7`). Faults overlap, but
for those after which an operator runs a documented command, which the run itself then runs. At the end everything is
healed, the utility goes quiet, and a run passes only if

- each receiver's table, and what the values topic folds to, is row for row and column for column what an independent
  implementation of the rules makes of the ledger,
- the sum of `change` is the sum of the current consumption, per series and unit,
- every reading that stayed broken is in the dead letters, once by id, and nothing else is,
- no reader lags, and every process runs, lives and is ready, and stays so,
- no log and no metric holds a value, a metering point, a customer number or a secret.

**Recovery** is the time from a fault's healing until every process is ready, streams and every sink have read to where
their log ended at the healing, and every source has been answered again. Where faults overlap, that of one includes
the trouble of the others. **Lost**, **doubled** and **wrong** are rows, of all receivers and the values topic, in the
runs in which the fault struck: of a run with several faults each counts for all of them.

A run that failed led to a correction, with a test of its own, and is not told here: CHANGELOG.md and the history tell
what was found.
"""


@dataclass
class _Line:
    family: str
    times: int = 0
    recoveries: list[float] = field(default_factory=list)
    runs: dict[int, RunRecord] = field(default_factory=dict)

    def text(self, kind: str) -> str:
        rows = [str(_rows(self.runs.values(), name)) for name in ("lost", "doubled", "wrong")]
        longest = f"{max(self.recoveries):.0f} s" if self.recoveries else "–"
        return f"| {self.family} | {kind} | {self.times} | {' | '.join(rows)} | {longest} |\n"


def page(records: Sequence[RunRecord]) -> str:
    """The whole page."""
    lines: dict[tuple[str, str], _Line] = {}
    for number, run in enumerate(records):
        for fault in run.faults:
            line = lines.setdefault((fault.family, fault.kind), _Line(fault.family))
            line.times += 1
            line.runs[number] = run
            if fault.recovery is not None:
                line.recoveries.append(fault.recovery)
    table = "".join(lines[key].text(key[1]) for key in sorted(lines))
    columns = ("where", "fault", "times injected", "lost", "doubled", "wrong", "longest recovery")
    head = f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|\n"
    return f"{HEAD}\n{_summary(records)}\n{head}{table}\n{_runs(records)}"


def _summary(records: Sequence[RunRecord]) -> str:
    faults = sum(len(run.faults) for run in records)
    passed = sum(run.passed for run in records)
    counts = ", ".join(f"{_rows(records, name)} {name}" for name in ("lost", "doubled", "wrong"))
    kinds = len({fault.kind for run in records for fault in run.faults})
    return f"{faults} faults of {kinds} kinds in {len(records)} runs, of which {passed} passed; rows: {counts}.\n"


def _runs(records: Sequence[RunRecord]) -> str:
    """What the runs were run with, and how each ended."""
    text = "## Runs\n\n"
    for machine in sorted({run.machine for run in records}):
        text += f"- machine: {machine}\n"
    for name in records[0].versions if records else ():
        text += f"- {name} {', '.join(sorted({run.versions[name] for run in records}))}\n"
    text += "\n| seed | brokers | faults | seconds | restarts | outcome |\n|---|---|---|---|---|---|\n"
    for run in sorted(records, key=lambda run: run.seed):
        restarts = sum(map(len, run.exits.values()))
        outcome = "equal" if run.passed else "**not equal**"
        text += f"| {run.seed} | {run.brokers} | {len(run.faults)} | {run.seconds:.0f} | {restarts} | {outcome} |\n"
    return text


def _rows(runs: Iterable[RunRecord], name: str) -> int:
    return sum(sum(getattr(run, name).values()) for run in runs)


if __name__ == "__main__":
    PAGE.write_text(page(read(RECORDS)), encoding="utf-8")
