"""What processes count, put together per source, streams and receiver."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from operations.dead_letter_counts import DeadLetterCounts, ReasonCount
from operations.status.processes import ProcessState, Sample
from operations.status.snapshot import Disk, Process, Receiver, Source, Streams
from producer.windows import spans_of
from runtime.settings.receiver import label
from runtime.settings.tree import Settings

PRODUCER, STREAMS, SINK = "meterstream_producer_", "meterstream_streams_", "meterstream_sink_"
OPEN, PARKED = "meterstream_dead_letters_open", "meterstream_dead_letters_parked"
OLDEST = "meterstream_dead_letters_oldest_open_timestamp_seconds"
WORST_FIRST = ("stopped", "unreachable", "starting", "paused", "waiting", "retired", "live")

Fold = Callable[[Iterable[float]], float]


class Figures:
    """The samples of all processes that answered."""

    def __init__(self, states: Sequence[ProcessState]) -> None:
        """Every sample of all of them."""
        self._samples = [sample for state in states for sample in state.samples]

    def of(self, name: str, **labels: str) -> Iterator[Sample]:
        """Those of one name, with these labels."""
        wanted = labels.items()
        return (sample for sample in self._samples if sample.name == name and wanted <= sample.labels.items())

    def one(self, fold: Fold, name: str, **labels: str) -> float | None:
        """One figure of several processes' ones; None where nobody tells it."""
        found = [sample.value for sample in self.of(name, **labels)]
        return fold(found) if found else None

    def moment(self, fold: Fold, name: str, **labels: str) -> float | None:
        """The same of moments; 0 stands for "never yet"."""
        found = [sample.value for sample in self.of(name, **labels) if sample.value > 0]
        return fold(found) if found else None

    def flag(self, name: str, **labels: str) -> bool | None:
        """Whether anybody says 1; None where nobody tells it."""
        found = self.one(max, name, **labels)
        return None if found is None else found > 0

    def by(self, label_name: str, name: str, **labels: str) -> dict[str, int] | None:
        """Sums per value of one label; None where nobody tells it."""
        sums: dict[str, int] = {}
        for sample in self.of(name, **labels):
            key = sample.labels.get(label_name, "")
            sums[key] = sums.get(key, 0) + int(sample.value)
        return sums or None

    def values(self, label_name: str, prefix: str) -> set[str]:
        """Every value of a label among the series whose names begin so."""
        return {
            sample.labels[label_name]
            for sample in self._samples
            if sample.name.startswith(prefix) and label_name in sample.labels
        }


def sources(settings: Settings, figures: Figures) -> Iterator[Source]:
    """Those of the settings."""
    for name, source in settings.sources.items():
        spans, _ = spans_of(source.poll, settings.streams, source.granularity)
        authorised = figures.one(min, f"{PRODUCER}source_authorised", source=name)
        yield Source(
            name=name,
            every=None if source.folder is not None else spans.every,
            answered_at=figures.moment(min, f"{PRODUCER}newest_answer_timestamp_seconds", source=name),
            period_end=figures.moment(max, f"{PRODUCER}newest_period_timestamp_seconds", source=name),
            authorised=None if authorised is None else authorised > 0,
            stopped=figures.flag(f"{PRODUCER}source_stopped", source=name),
            points=figures.by("state", f"{PRODUCER}points", source=name),
            token_expires_at=figures.moment(min, f"{PRODUCER}token_expires_timestamp_seconds", source=name),
            polled=figures.one(sum, f"{PRODUCER}polled_total", source=name),
        )


def streams(states: Sequence[ProcessState], figures: Figures) -> Streams:
    """All workers together."""
    partitions = figures.one(sum, f"{STREAMS}partitions")
    recovering = figures.one(sum, f"{STREAMS}recovering")
    return Streams(
        workers=sum("streams" in about(state) for state in states),
        partitions=None if partitions is None else int(partitions),
        recovering=None if recovering is None else int(recovering),
        stopped=figures.flag(f"{STREAMS}stopped"),
        consumed=figures.one(sum, f"{STREAMS}consumed_total"),
        published=figures.one(sum, f"{STREAMS}published_total"),
        held=figures.by("reason", f"{STREAMS}held_total"),
    )


def receivers(settings: Settings, states: Sequence[ProcessState], figures: Figures) -> Iterator[Receiver]:
    """Those of the settings, each stage by itself."""
    for name, receiver in settings.receivers.items():
        for stage in ("production", "test"):
            if receiver.stage(stage) is None:
                continue
            labels = {"receiver": name, "stage": stage}
            told = {sample.labels["state"] for sample in figures.of(f"{SINK}state", **labels) if sample.value}
            left = figures.one(sum, f"{SINK}second_pass_records", **labels)
            canaries = {
                sample.labels["source"]: sample.value
                for sample in figures.of(f"{SINK}canary_timestamp_seconds", **labels)
                if sample.value > 0
            }
            whole = label(name, stage)
            yield Receiver(
                name=whole,
                test=stage == "test",
                workers=sum(f"receiver {whole}" in about(state) for state in states),
                state=next((state for state in WORST_FIRST if state in told), None),
                supervised=figures.flag("meterstream_receivers_running", **labels),
                row_at=figures.moment(max, f"{SINK}newest_row_timestamp_seconds", **labels),
                behind=figures.one(max, f"{SINK}lag_seconds", **labels),
                second_pass=None if left is None else int(left),
                canaries=canaries or None,
                written=figures.one(sum, f"{SINK}rows_written_total", **labels),
            )


def process(state: ProcessState) -> Process:
    """What it says it is."""
    build = next(state.told("meterstream_build_info"), None)
    return Process(
        address=state.address,
        kind=state.job if build is None else build.labels.get("process", state.job),
        version=None if build is None else build.labels.get("version"),
        answers=state.answers,
        ready=state.ready,
        waiting_for=state.waiting_for,
        about=about(state),
    )


def about(state: ProcessState) -> tuple[str, ...]:
    """What its figures are of."""
    figures = Figures([state])
    found = [f"source {name}" for name in sorted(figures.values("source", PRODUCER))]
    if any(figures.of(f"{STREAMS}partitions")):
        found.append("streams")
    places = {
        label(sample.labels["receiver"], "test" if sample.labels["stage"] == "test" else "production")
        for sample in figures.of(f"{SINK}lag_records")
    }
    return (*found, *(f"receiver {name}" for name in sorted(places)))


def disks(figures: Figures) -> Iterator[Disk]:
    """As the observer tells."""
    for total in figures.of("meterstream_broker_disk_total_bytes"):
        broker = total.labels["broker"]
        usable = figures.one(min, "meterstream_broker_disk_usable_bytes", broker=broker)
        if usable is not None:
            yield Disk(broker, total.value, usable)


def under_replicated(figures: Figures) -> int | None:
    """As the observer tells."""
    found = figures.one(sum, "meterstream_topic_under_replicated_partitions")
    return None if found is None else int(found)


def dead_letters(figures: Figures) -> DeadLetterCounts | None:
    """As the observer tells; None where there is none, or it has not read them yet."""
    if figures.moment(max, "meterstream_observer_last_success_timestamp_seconds") is None:
        return None
    kinds = {
        (sample.labels["stage"], sample.labels["reason"]) for name in (OPEN, PARKED) for sample in figures.of(name)
    }
    counts = [
        ReasonCount(
            stage,
            reason,
            open=int(figures.one(max, OPEN, stage=stage, reason=reason) or 0),
            parked=int(figures.one(max, PARKED, stage=stage, reason=reason) or 0),
            oldest_open=figures.moment(min, OLDEST, stage=stage, reason=reason),
        )
        for stage, reason in sorted(kinds)
    ]
    return DeadLetterCounts(tuple(count for count in counts if count.open or count.parked), unreadable=0, complete=True)
