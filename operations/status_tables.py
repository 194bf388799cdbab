"""The status as tables for a terminal."""

from collections.abc import Iterator, Sequence

from rich.markup import escape
from rich.table import Table

from operations.dead_letter_counts import DeadLetterCounts
from operations.progress import Progress, Reader
from operations.scraped import ProcessState


def tables(progress: Progress, letters: DeadLetterCounts, processes: Sequence[ProcessState]) -> Iterator[Table]:
    """Every table, in the order of the road."""
    yield _topics(progress)
    yield _readers(progress)
    yield _lags(progress.streams)
    yield _dead_letters(letters)
    if processes:
        yield _processes(processes)
        yield _samples(processes)


def _topics(progress: Progress) -> Table:
    table = Table(title=f"Topics of epoch {progress.epoch}", title_justify="left")
    table.add_column("topic", overflow="fold")
    for column in ("partitions", "offsets in use"):
        table.add_column(column, justify="right")
    for topic in progress.topics:
        count = str(len(topic.ends)) if topic.present else "missing: meterstream topics create"
        table.add_row(topic.name, count, f"{topic.offsets:,}" if topic.present else "")
    return table


def _readers(progress: Progress) -> Table:
    table = Table(title="Who reads, and how far behind", title_justify="left")
    table.add_column("reader", overflow="fold")
    table.add_column("topic", overflow="fold")
    for column in ("workers", "lag"):
        table.add_column(column, justify="right")
    for reader in (progress.streams, *progress.receivers):
        workers = "" if reader.members is None else str(reader.members)
        table.add_row(reader.name, reader.topic, workers, f"{reader.lag:,}{_remark(reader)}")
    return table


def _remark(reader: Reader) -> str:
    if reader.beyond_end:
        return f" (past the end of partitions {', '.join(map(str, reader.beyond_end))}: was the topic made anew?)"
    return "" if any(position is not None for position in reader.positions.values()) else " (not begun)"


def _lags(streams: Reader) -> Table:
    table = Table(title="Streams by partition", title_justify="left")
    for column in ("partition", "position", "lag"):
        table.add_column(column, justify="right")
    for number, position in streams.positions.items():
        table.add_row(str(number), "–" if position is None else f"{position:,}", f"{streams.lags[number]:,}")
    return table


def _dead_letters(letters: DeadLetterCounts) -> Table:
    scope = "" if letters.complete else " (of the newest ones only)"
    table = Table(title=f"Dead letters{scope}", title_justify="left")
    for column in ("stage", "reason"):
        table.add_column(column)
    for column in ("letters", "sightings"):
        table.add_column(column, justify="right")
    for count in letters.counts:
        table.add_row(count.stage, count.reason, f"{count.letters:,}", f"{count.sightings:,}")
    if letters.unreadable:
        table.add_row("–", "records that are no dead letters", "", f"{letters.unreadable:,}")
    return table


def _processes(processes: Sequence[ProcessState]) -> Table:
    table = Table(title="Processes", title_justify="left")
    table.add_column("address", overflow="fold")
    table.add_column("state", overflow="fold")
    for process in processes:
        table.add_row(process.address, "ready" if process.ready else f"not ready: {escape(str(process.waiting_for))}")
    return table


def _samples(processes: Sequence[ProcessState]) -> Table:
    table = Table(title="What they count", title_justify="left")
    table.add_column("address", overflow="fold")
    table.add_column("series", overflow="fold")
    table.add_column("value", justify="right")
    for process in processes:
        for sample in process.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
            name = f"{sample.name}{{{labels}}}" if labels else sample.name
            table.add_row(process.address, escape(name), f"{sample.value:,.6g}")
    return table
