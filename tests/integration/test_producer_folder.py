"""A source whose readings come in files, on a real Kafka: killed at random moments, and what it has read at the end."""

import random
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from schemas.exact import ONE
from tests.polling import winners
from tests.producer_system import ProducerSystem, eventually, spoken, stopped

pytestmark = pytest.mark.services

POINTS = [f"73599910000000{number:04d}" for number in range(4)]
DATES = [f"2025-03-{day:02d}T{hour:02d}:00:00" for day in range(1, 6) for hour in range(1, 24)]


@pytest.fixture
def system(tmp_path: Path, kafka: Any, unique: str) -> ProducerSystem:
    (tmp_path / "incoming").mkdir()
    url = "http://nobody.invalid"
    system = ProducerSystem(tmp_path, kafka.bootstrap_servers, unique, url, POINTS)
    system.config.write_text(system.config.read_text("utf-8").replace(f'url = "{url}"', 'folder = "incoming"'))
    system.create_topics()
    return system


def drop(system: ProducerSystem, name: str, *messages: str) -> None:
    """As whoever drops files should: under another name first."""
    part = system.folder / "incoming" / f"{name}.part"
    part.write_text(f"[{','.join(messages)}]", "utf-8")
    part.rename(part.with_suffix(""))


def went(system: ProducerSystem, where: str) -> list[str]:
    return sorted(path.name for path in (system.folder / "incoming" / where).glob("*"))


def test_whenever_it_is_killed_the_last_file_has_won(system: ProducerSystem) -> None:
    """Each file corrects the one before; what is dropped while it runs is read at once."""
    chance = random.Random(11)
    names = [f"{number:03d}.json" for number in range(24)]
    last: dict[str, Mapping[str, object]] = {}
    for number, name in enumerate(names):
        point = POINTS[number % len(POINTS)]
        last[point] = dict.fromkeys(DATES, number)
        drop(system, name, spoken(point, dict(last[point])))
    while went(system, "done") != names:
        done = went(system, "done")
        with system.producer() as process:
            eventually(partial(lambda before: went(system, "done") != before, done))
            time.sleep(chance.uniform(0, 0.3))
            process.kill()
    for point, values in last.items():
        newest = winners([each for each in system.readings() if each.metering_point == point])
        assert set(newest.values()) == {int(str(value)) * ONE for value in values.values()}
        assert len(newest) == len(DATES)


def test_half_a_file_and_nonsense_stop_nothing(system: ProducerSystem) -> None:
    with system.producer() as process:
        eventually(lambda: system.get("/readyz")[0] == 200)
        (system.folder / "incoming" / "1.json.part").write_text('[{"MeteringPoint"')
        (system.folder / "incoming" / "2.json").write_text('[{"MeteringPoint"')
        drop(system, "3.json", spoken("stranger", {DATES[0]: 1}), spoken(POINTS[0], {DATES[0]: 1}))
        eventually(lambda: "3.json" in went(system, "done"))
        assert stopped(process) == 0
    assert [(each.metering_point, each.consumption) for each in system.readings()] == [(POINTS[0], ONE)]
    assert sorted(letter.reason for letter in system.letters()) == ["unreadable_response", "wrong_point"]
    assert went(system, "failed") == ["2.json", "2.json.reason"]
    assert "stranger" not in system.log
