"""A source put together from its settings and its mapping: defaults, overrides, every problem, the fingerprint."""

from pathlib import Path
from typing import Any

import pytest

from producer.feed import resolve
from producer.mapping import load_mapping, shipped
from producer.points import Point, SeriesSettings
from runtime.errors import ConfigError
from tests.polling import POINT, feed, source

MINIMAL = '[request]\npath = "/{metering_point}"\n'


def mapping_file(folder: Path, text: str) -> str:
    file = folder / "mapping.toml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def refused(**changes: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        resolve("feed", source(**changes))
    return str(caught.value)


def test_every_mapping_that_ships_is_whole() -> None:
    assert "oresundskraft" in shipped()
    for name in shipped():
        load_mapping(name)


def test_a_mapping_of_two_lines_is_enough(tmp_path: Path) -> None:
    found = feed(mapping=mapping_file(tmp_path, MINIMAL))
    assert found.of("anything").kind == "volume"
    assert not found.of("anything").known


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not toml", "not TOML"),
        (MINIMAL + "[envelop]\n", "envelop"),
        ('[request]\npath = "/{point}"\n', "{point} is not known"),
        ('[request]\npath = "/{metering_point!r}"\n', "is not known"),
        ('[request]\npath = "readings"\n', "request.path"),
        ('[request]\npath = "/readings"\n', "neither path nor parameters hold {metering_point}"),
        ('[request]\npath = "/{feed}/{metering_point}"\n', "request.feeds has no hour"),
        ('[request]\npath = "/{customer_number}/{metering_point}"\n', "customer_number"),
        (MINIMAL + '[calendar]\nzone = "Nowhere/City"\n', "is no zone"),
        (MINIMAL + '[calendar]\nstamps = { hour = "last-day" }\n', "no last day"),
        (MINIMAL + '[calendar]\nstamps = { day = "end" }\n', "calendar.stamps has no hour"),
        (MINIMAL + '[qualities]\nX = "good"\n', "qualities.X"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert message in refused(mapping=mapping_file(tmp_path, text))


def test_a_mapping_that_is_not_there_is_refused_with_those_that_are() -> None:
    assert "there are: oresundskraft" in refused(mapping="oresundkraft")
    assert "cannot be read" in refused(mapping="absent.toml")


def test_the_source_overrides_its_mapping() -> None:
    found = feed(categories={"EL-EXT": {"kind": "register"}, "GAS": {}}, zone="Europe/Copenhagen")
    assert found.of("EL-EXT").kind == "register"
    assert found.of("GAS").known
    assert found.zone.midnight(18_414) == 18_414 * 86_400_000_000 - 2 * 3_600_000_000


@pytest.mark.parametrize(
    "changes",
    [
        {"zone": "+02:00"},
        {"categories": {"EL-EXT": {"kind": "register"}}},
        {"customer_number": "7"},
        {"granularity": "day"},
    ],
)
def test_a_setting_that_goes_into_readings_changes_the_fingerprint(changes: dict[str, Any]) -> None:
    assert feed(**changes).fingerprint(Point(POINT)) != feed().fingerprint(Point(POINT))


def test_a_changed_mapping_or_point_changes_the_fingerprint(tmp_path: Path) -> None:
    first = feed(mapping=mapping_file(tmp_path, MINIMAL)).fingerprint(Point(POINT))
    second = feed(mapping=mapping_file(tmp_path, "version = 2\n" + MINIMAL)).fingerprint(Point(POINT))
    assert first != second
    register = Point(POINT, {"EL-EXT": SeriesSettings("register")})
    assert feed().fingerprint(register) != feed().fingerprint(Point(POINT))


def test_addresses_limits_and_rhythm_do_not_change_the_fingerprint() -> None:
    changed = feed(url="http://another.test", limits={"concurrency": 9}, poll={"every": 7})
    assert changed.fingerprint(Point(POINT)) == feed().fingerprint(Point(POINT))
