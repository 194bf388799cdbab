"""What a sink tells of canaries: how old each was when it was committed, and how many never came."""

from prometheus_client import CollectorRegistry

from schemas import instants
from sinks.meters import Meters
from sinks.writer import Written
from tests.sink_rows import AT, canary_value, row, value

LATE = 3 * instants.SECOND


class Room:
    """The meters of a receiver."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.meters = Meters(self._registry, "vitec")

    def arrive(self, *numbers: int, source: str = "months", minute: int | None = None) -> None:
        """Canaries arrive in one batch, each three seconds after it was sent, the last one as late as all."""
        last = numbers[-1] if minute is None else minute
        changed = {} if minute is None else {"fetched_at": AT + minute * instants.MINUTE}
        rows = [row(canary_value(number, number, source=source, **changed)) for number in numbers]
        self.meters.delivered(rows, Written(0, 0), AT + last * instants.MINUTE + LATE)

    def canaries(self, name: str, source: str = "months") -> float | None:
        labels = {"receiver": "vitec", "stage": "production", "source": source}
        return self._registry.get_sample_value(f"meterstream_sink_canar{name}", labels)

    def sink(self, name: str) -> float | None:
        labels = {"receiver": "vitec", "stage": "production"}
        return self._registry.get_sample_value(f"meterstream_sink_{name}", labels)


def test_the_age_at_arrival_and_the_newest_are_told() -> None:
    room = Room()
    room.arrive(7)
    assert room.canaries("y_age_seconds_count") == 1
    assert room.canaries("y_age_seconds_sum") == 3.0
    assert room.canaries("y_timestamp_seconds") == (AT + 7 * instants.MINUTE) / instants.SECOND
    assert room.canaries("ies_missed_total") == 0


def test_the_numbers_that_never_came_are_counted_for_each_source() -> None:
    room = Room()
    room.arrive(7, 8)
    room.arrive(100, source="hours")
    room.arrive(12)
    assert room.canaries("ies_missed_total") == 3
    assert room.canaries("ies_missed_total", "hours") == 0


def test_one_that_comes_again_takes_nothing_back() -> None:
    room = Room()
    room.arrive(7, 8)
    room.arrive(6)
    room.arrive(9)
    assert room.canaries("ies_missed_total") == 0
    assert room.canaries("y_timestamp_seconds") == (AT + 9 * instants.MINUTE) / instants.SECOND


def test_another_interval_begins_the_numbers_anew() -> None:
    """Of a canary every 30 seconds the numbers are twice as high."""
    room = Room()
    room.arrive(1_000, minute=10)
    room.arrive(2_002, minute=11)
    assert room.canaries("ies_missed_total") == 0
    room.arrive(1_002, minute=12)
    room.arrive(1_004, minute=14)
    assert room.canaries("ies_missed_total") == 1


def test_canaries_are_counted_nowhere_else() -> None:
    room = Room()
    room.arrive(1)
    assert room.sink("batch_rows_count") == 0
    room.meters.delivered([row(value(2)), row(canary_value(3, 2))], Written(1, 0), AT)
    assert room.sink("rows_written_total") == 1
    assert room.sink("rows_superseded_total") == 0
    assert room.sink("freshness_seconds_count") == 1
    assert room.sink("batch_rows_sum") == 1
