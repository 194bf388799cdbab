"""What is wrong along the road: with a source, with streams, with a receiver. Pure."""

from collections.abc import Iterator, Mapping

from operations.status.finding import Finding, Limits, span
from operations.status.snapshot import Receiver, Snapshot, Source

HANDBOOK = "docs/operations.md"


def of_source(source: Source, seen: Snapshot, limits: Limits) -> Iterator[Finding]:
    """One source."""
    subject, points = f"source {source.name}", source.points or {}
    if source.authorised is False:
        yield Finding("page", "SourceUnauthorised", subject, "the utility refuses our credentials")
    if source.stopped:
        yield Finding("page", "SourceStopped", subject, "not polled: too much of it would be dead letters")
    if source.authorised is not False and not source.stopped:
        yield from _unanswered(source, seen, limits)
    yield from _late(subject, points, limits)
    if failing := points.get("failing", 0):
        yield Finding("ticket", "PointsFailing", subject, f"{failing:,} points fail again and again")
    overdue = points.get("overdue", 0)
    if overdue > limits.overdue * points.get("configured", 0):
        yield Finding("ticket", "SourceNotPolled", subject, f"{overdue:,} points wait for longer than a poll interval")
    expired = seen.at - (source.token_expires_at or seen.at)
    if expired > limits.token and points.get("due", 0):
        text = f"its token expired {span(expired)} ago and no new one has come"
        yield Finding("ticket", "TokenNotRenewed", subject, text)


def _late(subject: str, points: Mapping[str, int], limits: Limits) -> Iterator[Finding]:
    late, awaited = points.get("late", 0), points.get("awaited", 0)
    text = f"{late:,} of {awaited:,} points lack a period that should be there by now"
    if late > limits.missing * awaited:
        yield Finding("page", "FeedMissing", subject, text)
    elif late > limits.late * awaited:
        yield Finding("ticket", "CompletenessBurnsSlowly", subject, text)
    elif late:
        yield Finding("info", None, subject, text, "wait")


def _unanswered(source: Source, seen: Snapshot, limits: Limits) -> Iterator[Finding]:
    if source.answered_at is None or source.every is None:
        return
    silence = seen.at - source.answered_at
    if silence > max(limits.answer, limits.answer_polls * source.every):
        text = f"no usable answer for {span(silence)}"
        yield Finding("ticket", "SourceNotAnswering", f"source {source.name}", text)


def of_streams(seen: Snapshot, limits: Limits) -> Iterator[Finding]:
    """All workers of streams together."""
    streams = seen.streams
    if streams.stopped:
        text = "nothing is committed: too much of it would be dead letters"
        yield Finding("page", "StreamsStopped", "streams", text)
    if streams.recovering:
        yield Finding("info", None, "streams", f"{streams.recovering} partitions are loading their state", "wait")
    if seen.progress is None:
        return
    reader = seen.progress.streams
    if reader.beyond_end:
        parts = ", ".join(map(str, reader.beyond_end))
        text = f"its position is past the end of partitions {parts}: was the topic made anew?"
        yield Finding("page", None, "streams", text, f"{HANDBOOK}: A new epoch")
    if reader.lag and reader.members == 0:
        yield Finding("page", "StreamsAbsent", "streams", f"no worker, and {reader.lag:,} readings wait")
    elif reader.lag > limits.lag and not streams.recovering:
        yield Finding("ticket", "StreamsLagging", "streams", f"{reader.lag:,} readings wait")


def of_receiver(receiver: Receiver, seen: Snapshot, limits: Limits) -> Iterator[Finding]:
    """One stage of one receiver. Of a test stage nothing is worth a page."""
    for finding in _of_receiver(receiver, seen, limits):
        if receiver.test and finding.severity == "page":
            yield Finding("ticket", finding.alert, finding.subject, finding.text, finding.action)
        else:
            yield finding


def _of_receiver(receiver: Receiver, seen: Snapshot, limits: Limits) -> Iterator[Finding]:
    subject = f"receiver {receiver.name}"
    arguments = receiver.name.replace(".test", " --stage test") if receiver.test else receiver.name
    match receiver.state:
        case "unreachable":
            yield Finding("page", "ReceiverUnreachable", subject, "its database does not answer, or cannot be written")
        case "stopped":
            text = "nothing is delivered: too much of it would be dead letters"
            yield Finding("page", "ReceiverStopped", subject, text)
        case "paused":
            yield Finding("info", None, subject, "paused", f"meterstream receivers resume {arguments}")
        case "waiting":
            yield Finding("info", None, subject, "waits for go-live", f"meterstream receivers go-live {arguments}")
        case "starting":
            yield Finding("ticket", "ReceiverNotStarting", subject, "its worker is starting")
        case "retired":
            yield Finding("info", None, subject, "retired", "take its section out of the settings")
        case _:
            yield from _behind(receiver, seen, limits)
    if receiver.supervised is False and not receiver.workers:
        yield Finding("page", "ReceiverAbsent", subject, "its worker does not run; the supervisor's log says why")
    if receiver.second_pass:
        text = f"{receiver.second_pass:,} records are read again, beside the live feed"
        yield Finding("info", None, subject, text, "wait")


def _behind(receiver: Receiver, seen: Snapshot, limits: Limits) -> Iterator[Finding]:
    """One that should be fresh."""
    subject = f"receiver {receiver.name}"
    reader = (
        next((each for each in seen.progress.receivers if each.name == receiver.name), None) if seen.progress else None
    )
    if reader is not None and reader.beyond_end:
        parts = ", ".join(map(str, reader.beyond_end))
        text = f"its position is past the end of partitions {parts}: was the topic made anew?"
        yield Finding("page", None, subject, text, f"{HANDBOOK}: A new epoch")
    if receiver.behind is not None and receiver.behind > limits.behind:
        yield Finding("page", "ReceiverLagging", subject, f"{span(receiver.behind)} behind the feed")
        return
    polled = {source.name for source in seen.sources if source.polled is not None}
    lost = {source: sent for source, sent in (receiver.canaries or {}).items() if seen.at - sent > limits.canary}
    for source, sent in sorted(lost.items()):
        if source in polled:  # else that nobody polls it is the finding
            text = f"no canary of {source} has come for {span(seen.at - sent)}"
            yield Finding("page", "CanaryLost", subject, text)
