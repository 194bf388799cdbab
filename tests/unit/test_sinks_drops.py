"""Drops: numbered, chained, whole once the manifest is there; every change in exactly one of them."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runtime.settings.receiver import FilesSettings
from schemas import instants
from schemas.exact import ONE
from sinks.batch import Batch
from sinks.columns import NAMES
from sinks.files.state import HIDDEN
from sinks.writer import Written
from tests.drops import Clock, Workplace
from tests.sink_rows import AT, canary_value, row, value
from tests.sink_writing import no_refusals


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path, Clock(), FilesSettings(rows=3))


def test_what_changed_is_a_drop_once_it_has_waited(place: Workplace) -> None:
    worker = place.start()
    worker.write(value(1), value(2, reading_at=AT + 1))
    assert place.delivered() == [], "the next call makes it"
    worker.writer.look()
    assert place.delivered() == [[1, 2]]
    worker.write(value(3, reading_at=AT + 2))
    worker.writer.look()
    assert place.delivered() == [[1, 2]], "a minute has not passed"
    place.clock.seconds += 60
    worker.writer.look()
    worker.writer.look()
    assert place.delivered() == [[1, 2], [3]], "and nothing where nothing changed"
    assert place.made == ["made"] * 2


def test_a_backlog_is_drops_of_the_most_rows(place: Workplace) -> None:
    """They do not wait; the rest does."""
    worker = place.start()
    worker.write(*(value(number, reading_at=AT + number) for number in range(7)))
    for _ in range(4):
        worker.writer.look()
    assert place.delivered() == [[0, 1, 2], [3, 4, 5]]
    place.clock.seconds += 60
    worker.writer.put_back(lambda records: [], lambda refused: [])
    assert place.delivered() == [[0, 1, 2], [3, 4, 5], [6]]


def test_only_what_the_guard_lets_through_is_a_change(place: Workplace) -> None:
    worker = place.start()
    worker.write(value(5))
    worker.writer.look()
    place.clock.seconds += 60
    worker.write(value(4), value(5), value(3))
    worker.writer.look()
    assert place.delivered() == [[5]]
    worker.write(value(6), value(7, value=2 * ONE))
    worker.writer.look()
    assert place.delivered() == [[5], [7]], "of several versions the newest"


def test_a_canary_is_in_no_drop_and_makes_none(place: Workplace) -> None:
    worker = place.start()
    worker.write(canary_value(1, 1))
    worker.writer.look()
    worker.write(value(2), canary_value(3, 2))
    worker.writer.look()
    place.clock.seconds += 60
    worker.write(canary_value(4, 3))
    worker.writer.look()
    assert place.delivered() == [[2]]


def test_missing_is_an_empty_cell_and_digits_are_kept(place: Workplace) -> None:
    worker = place.start()
    worker.write(value(1, value=None, quality="missing"), value(2, reading_at=AT + 1, value=1, reading_method='a,"b"'))
    worker.writer.look()
    (manifest,) = place.manifests()
    (file,) = manifest["files"]
    assert file["columns"] == list(NAMES)
    with (place.folder / file["name"]).open(encoding="utf-8", newline="") as lines:
        first, second = csv.DictReader(lines)
    assert (first["value"], first["quality"], first["delta"]) == ("", "missing", "-12")
    assert (second["value"], second["reading_method"]) == ("0.000000000001", 'a,"b"')
    assert first["reading_at"] == "2023-11-14T22:13:20.000000Z"


def test_delimiter_and_decimal_mark_are_the_receivers(tmp_path: Path) -> None:
    place = Workplace(tmp_path, Clock(), FilesSettings(delimiter=";", decimal=","))
    worker = place.start()
    worker.write(value(1, value=ONE // 2, delta=None, reading_method="a.b;c"))
    worker.writer.look()
    (line,) = (place.folder / "meter_values-000000001.csv").read_text("utf-8").splitlines()[1:]
    assert ";0,5;kWh;" in line
    assert ';"a.b;c";' in line


def test_what_a_manifest_says(place: Workplace) -> None:
    worker = place.start()
    worker.write(value(1))
    worker.writer.look()
    place.clock.seconds += 60
    worker.write(value(2))
    worker.writer.look()
    first, second = place.manifests()
    assert first["previous"] is None
    assert second["previous"]["number"] == 1
    assert (second["receiver"], second["stage"], second["epoch"]) == ("vitec", "production", "1")
    assert second["created_at"].endswith("Z")
    assert [file["shows"] for file in second["files"]] == ["meter_values"]


def test_another_epoch_is_dropped_whole_once_it_is_shown(place: Workplace) -> None:
    """And what the one before had left, no more."""
    worker = place.start()
    worker.write(*(value(number, reading_at=AT + number) for number in range(5)))
    worker.writer.close()
    worker = place.start(epoch="2")
    worker.write(*(value(number, reading_at=AT + number, epoch="2") for number in range(4, 6)))
    worker.writer.look()
    assert place.delivered() == [[0, 1, 2]], "still of the old one"
    assert worker.writer.turn_view()
    place.clock.seconds += 60
    worker.writer.look()
    assert place.delivered() == [[0, 1, 2], [4, 5]]
    assert [manifest["epoch"] for manifest in place.manifests()] == ["1", "2"]


def test_a_state_that_was_lost_gives_no_number_twice(place: Workplace) -> None:
    """The values are read again, and delivered again, under new numbers."""
    worker = place.start()
    worker.write(value(1))
    worker.writer.look()
    worker.writer.close()
    for file in (place.folder / HIDDEN).iterdir():
        file.unlink()
    worker = place.start()
    worker.write(value(1))
    worker.writer.look()
    assert sorted(file.name for file in place.folder.glob("*.manifest.json")) == [
        "000000001.manifest.json",
        "000000002.manifest.json",
    ]


def test_drops_are_removed_after_their_days(tmp_path: Path) -> None:
    """The chain goes on."""
    place = Workplace(tmp_path, Clock(), FilesSettings(keep_days=1e-9))
    worker = place.start()
    for sequence in (1, 2, 3):
        worker.write(value(sequence))
        worker.writer.look()
        place.clock.seconds += 60
    assert place.delivered() == [[3]]
    assert place.manifests()[0]["previous"]["number"] == 2


def test_a_reader_may_take_the_drops_away(place: Workplace) -> None:
    worker = place.start()
    worker.write(value(1))
    worker.writer.look()
    for file in place.folder.glob("*.*"):
        if file.is_file():
            file.unlink()
    place.clock.seconds += 60
    worker.write(value(2))
    worker.writer.look()
    assert place.delivered() == [[2]]
    assert place.manifests()[0]["number"] == 2


def test_json_is_the_utilitys_own_structure(tmp_path: Path) -> None:
    """A list of messages for each source, as docs/sample-message.json is one; every digit, and null where it misses."""
    place = Workplace(tmp_path, Clock(), FilesSettings(format=("json",)))
    february = instants.from_datetime(datetime(2020, 2, 28, 23, tzinfo=UTC))
    worker = place.start()
    worker.write(
        value(1, reading_at=february, value=ONE * 26633 + 1),
        value(2, reading_at=february + 31 * instants.DAY, value=None, quality="missing", reading_method=None),
        value(3, metering_point="007", reading_at=february + 500_000),
        value(4, source="hours"),
    )
    worker.writer.look()
    (manifest,) = place.manifests()
    assert [(file["name"], file["rows"]) for file in manifest["files"]] == [
        ("hours-000000001.json", 1),
        ("months-000000001.json", 3),
    ]
    text = (tmp_path / "months-000000001.json").read_text("utf-8")
    assert '"Consumption":26633.000000000001,' in text
    seven, whole = json.loads(text, parse_float=str, parse_int=str)
    assert seven["MeteringPoint"] == "007"
    assert seven["ConsumptionReadings"][0]["ReadingDate"] == "2020-02-29T00:00:00.500000"
    assert whole == {
        "CustomerNumber": None,
        "MeteringPoint": value().metering_point,
        "ConsumptionReadings": [
            {
                "DeliveryCategory": "EL-EXT",
                "Unit": "kWh",
                "Consumption": "26633.000000000001",
                "ReadingDate": "2020-02-29T00:00:00",
                "ReadingMethod": "Fjärr",
                "ReadingReason": "2",
            },
            {
                "DeliveryCategory": "EL-EXT",
                "Unit": "kWh",
                "Consumption": None,
                "ReadingDate": "2020-03-31T00:00:00",
                "ReadingMethod": None,
                "ReadingReason": "2",
            },
        ],
    }


def test_what_is_delivered_again_on_purpose_is_dropped_again(place: Workplace) -> None:
    """A rewind with --rewrite; without it nothing changes, so nothing is dropped."""
    worker = place.start()
    worker.write(value(1))
    worker.writer.look()
    for end, rewrite in ((1, False), (2, True)):
        place.run("DELETE FROM passes")
        place.run(f"INSERT INTO passes VALUES ('1', 0, 0, {end}, 0, {rewrite:d})")
        place.clock.seconds += 60
        again = Batch([row(value(1), forms=worker.writer.forms)], {0: 0}, {0: 1})
        assert worker.writer.write_again(again, rewrite, no_refusals) == Written(int(rewrite), 0)
        worker.writer.look()
    assert place.delivered() == [[1], [1]]


def test_a_paused_receiver_is_given_no_drop(place: Workplace) -> None:
    worker = place.start()
    worker.write(value(1))
    place.run("UPDATE receiver SET state = 'paused'")
    worker.writer.look()
    assert place.delivered() == []
    place.run("UPDATE receiver SET state = 'live'")
    worker.writer.look()
    assert place.delivered() == [[1]]
