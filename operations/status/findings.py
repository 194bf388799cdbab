"""What is wrong with what was seen, the worst first. Pure: `status`, `top` and the exit code go by the same list."""

from collections.abc import Iterator, Sequence

from operations.dead_letter_counts import ReasonCount
from operations.status.finding import SEVERITIES, Finding, Limits, Severity, span
from operations.status.road_findings import HANDBOOK, of_receiver, of_source, of_streams
from operations.status.snapshot import Process, Snapshot

ASKED_AGAIN = "unreadable_response"
"""Such a dead letter is never put back: the producer asks the utility again by itself."""
FULL: tuple[Severity, str] = ("page", "BrokerDiskFull")
FILLING: tuple[Severity, str] = ("ticket", "BrokerDiskFilling")
SUMMARY = "meterstream dead-letters summary"


def findings(seen: Snapshot, limits: Limits | None = None) -> tuple[Finding, ...]:
    """Everything that is not as it should be; within a severity in the order of the road."""
    found = list(_of_the_road(seen, limits or Limits()))
    known = {finding.subject for finding in found}
    found += [finding for process in seen.processes for finding in _of_process(process, known)]
    found += _missing(seen, known)
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))


def healthy(found: Sequence[Finding]) -> bool:
    """Whether nobody has to do anything."""
    return all(finding.severity == "info" for finding in found)


def _of_the_road(seen: Snapshot, limits: Limits) -> Iterator[Finding]:
    yield from _of_cluster(seen, limits)
    for source in seen.sources:
        yield from of_source(source, seen, limits)
    yield from of_streams(seen, limits)
    for receiver in seen.receivers:
        yield from of_receiver(receiver, seen, limits)
    yield from _of_dead_letters(seen, limits)


def _of_cluster(seen: Snapshot, limits: Limits) -> Iterator[Finding]:
    if seen.progress is None:
        yield Finding("page", None, "cluster", seen.trouble or "does not answer", f"{HANDBOOK}: When brokers fail")
        return
    missing = [topic.name for topic in seen.progress.topics if not topic.present]
    if missing:
        yield Finding("page", None, "cluster", f"missing: {', '.join(missing)}", "meterstream topics create")
    if seen.under_replicated:
        text = f"{seen.under_replicated} partitions lack a replica"
        yield Finding("ticket", "UnderReplicated", "cluster", text)
    for disk in seen.disks:
        free = disk.usable / disk.total if disk.total else 1.0
        if free < limits.disk_low:
            text = f"{free:.0%} of its disk are free"
            severity, alert = FULL if free < limits.disk_full else FILLING
            yield Finding(severity, alert, f"broker {disk.broker}", text)


def _of_dead_letters(seen: Snapshot, limits: Limits) -> Iterator[Finding]:
    if seen.dead_letters is None:
        return
    by_stage: dict[str, list[ReasonCount]] = {}
    for count in seen.dead_letters.counts:
        if count.open and count.reason == ASKED_AGAIN:
            text = f"{count.open:,} {count.reason}"
            yield Finding("info", None, f"dead letters of {count.stage}", text, "the utility is asked again")
        elif count.open:
            by_stage.setdefault(count.stage, []).append(count)
    for stage, counts in by_stage.items():
        oldest = seen.at - min(count.oldest_open or seen.at for count in counts)
        alert = "DeadLettersOld" if oldest > limits.letters else "DeadLettersRising"
        text = f"{sum(count.open for count in counts):,} open, the oldest for {span(oldest)} ({_reasons(counts)})"
        yield Finding("ticket", alert, f"dead letters of {stage}", text, SUMMARY)
    if parked := seen.dead_letters.parked:
        text = f"{parked:,} parked: putting them back was tried in vain"
        yield Finding("info", "DeadLettersParked", "dead letters", text, SUMMARY)


def _reasons(counts: Sequence[ReasonCount]) -> str:
    """The most frequent first."""
    return ", ".join(f"{count.reason} {count.open:,}" for count in sorted(counts, key=lambda count: -count.open))


def _of_process(process: Process, known: set[str]) -> Iterator[Finding]:
    """One that does not answer, or waits for what no other finding names."""
    subject = f"{process.kind} {process.address.rpartition('/')[2]}"
    if not process.answers:
        yield Finding("ticket", "ProcessDown", subject, process.waiting_for or "no answer")
    elif not process.ready and known.isdisjoint(process.about):
        yield Finding("ticket", None, subject, f"not ready: {process.waiting_for}", "wait, or see its log")


def _missing(seen: Snapshot, known: set[str]) -> Iterator[Finding]:
    """Work that nobody does, as far as can be seen."""
    if not seen.processes:
        text = "no process was asked, so what is fresh is not known"
        yield Finding("info", None, "processes", text, "set metrics.targets, or --targets")
        return
    told = {subject for process in seen.processes for subject in process.about}
    for source in seen.sources:
        if f"source {source.name}" not in told:
            text = "no process that was asked polls it"
            yield Finding("page", "SourceAbsent", f"source {source.name}", text)
    if "streams" not in told | known:
        yield Finding("page", "StreamsAbsent", "streams", "no process that was asked is a worker of it")
    for receiver in seen.receivers:
        subject = f"receiver {receiver.name}"
        if subject not in told | known:
            severity: Severity = "ticket" if receiver.test else "page"
            yield Finding(severity, "ReceiverAbsent", subject, "no process that was asked delivers to it")
    versions = sorted({process.version for process in seen.processes if process.version})
    if len(versions) > 1:
        yield Finding("info", None, "processes", f"of several releases: {', '.join(versions)}", "finish the upgrade")
