"""What the feed carries, folded from the records of the values topic."""

from hypothesis import given
from hypothesis import strategies as st

from operations.points.carried import Carried, fold
from schemas.codec import Codec
from schemas.events import MeterValue
from schemas.registry import EmbeddedRegistry
from tests.sample_events import HOUR, MIDNIGHT, meter_value
from tests.sink_rows import StoredRecord, record

CODEC = Codec(MeterValue, EmbeddedRegistry())


def series_of(*values: MeterValue) -> Carried:
    (series,) = fold([record(value) for value in values], CODEC).series()
    return series


def test_a_series_is_its_newest_reading_and_how_many_there_are() -> None:
    series = series_of(
        meter_value(reading_at=MIDNIGHT + HOUR, sequence=2, quality="estimated", unit="MWh"),
        meter_value(reading_at=MIDNIGHT, sequence=3),
        meter_value(reading_at=MIDNIGHT + HOUR, sequence=4, quality="measured", unit="kWh"),
        meter_value(reading_at=MIDNIGHT + HOUR, sequence=2, quality="estimated", unit="MWh"),
    )
    assert (series.first, series.last, series.values) == (MIDNIGHT, MIDNIGHT + HOUR, 2)
    assert (series.quality, series.unit, series.kind, series.granularity) == ("measured", "kWh", "volume", "hour")


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 99)), min_size=1, unique_by=lambda event: event[1]))
def test_it_is_the_same_in_any_order(events: list[tuple[int, int]]) -> None:
    """The newest of a reading is that with the largest sequence, however often it is read."""
    values = [
        meter_value(reading_at=at, sequence=sequence, quality=("measured", "estimated")[sequence % 2])
        for at, sequence in events
    ]
    newest = max(values, key=lambda value: (value.reading_at, value.sequence))
    series = series_of(*values, *values[::-1])
    assert (series.first, series.last) == (min(events)[0], max(events)[0])
    assert series.values == len({at for at, _ in events})
    assert series.quality == newest.quality


def test_series_are_apart_by_source_point_and_category() -> None:
    feed = fold(
        [
            record(meter_value(source=source, metering_point=point, delivery_category=category))
            for source in ("b", "a")
            for point in ("2", "1")
            for category in ("VÄRME", "EL")
        ],
        CODEC,
    )
    names = [(series.source, series.metering_point, series.category) for series in feed.series()]
    assert names == sorted(names)
    assert len(names) == 8
    assert sorted(feed.by_point) == ["1", "2"]


def test_records_that_are_no_values_are_counted() -> None:
    strange = StoredRecord("values", 0, 0, b"key", b"nothing of ours")
    assert fold([strange, record(meter_value())], CODEC).unreadable == 1
