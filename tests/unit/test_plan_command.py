"""`meterstream plan`, and the numbers behind it where they can be reckoned by hand."""

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from operations.capacity import Demand, Polling, Wishes, flow
from operations.command import main
from operations.needs import API, PRODUCER, STREAMS, memory_record
from operations.sizing import plan
from operations.unit_costs import UnitCosts, shipped

PAGE = Path(__file__).resolve().parents[2] / "docs" / "capacity.md"
HOURS = Demand(1_000, "hour")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["plan", *arguments])


def test_an_unknown_granularity_is_refused_with_those_that_there_are() -> None:
    done = run("--points", "10", "--granularity", "week")
    assert done.exit_code == 2
    assert "'week' is not one of 'month', 'day', 'hour', 'quarter'" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--points", "0"), "0 is not in the range"),
        (("--points", "10", "--utilisation", "1.5"), "1.5 is not in the range"),
        (("--points", "10", "--poll-every", "0"), "0.0 is not in the range"),
        (("--points", "10", "--window", "60"), "reach beyond the history of 45 days"),
        (("--points", "10", "--deliveries", "24"), "24 deliveries a day of 4 hours each: a day has 24"),
    ],
)
def test_what_cannot_be_is_refused(arguments: tuple[str, ...], said: str) -> None:
    done = run("--granularity", "hour", *arguments)
    assert done.exit_code == 2
    assert said in done.output


def test_a_longer_history_takes_a_longer_window() -> None:
    assert run("--granularity", "hour", "--points", "10", "--window", "60", "--history", "90").exit_code == 0


def test_no_settings_and_no_cluster_are_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("--points", "10000", "--granularity", "hour")
    assert done.exit_code == 0, done.output
    for said in ("What moves and lies", "What it takes", "What gives way first", "Hours of a 30-day re-read"):
        assert said in done.output


def test_a_program_gets_every_part_with_its_amounts() -> None:
    done = run("--points", "10000", "--granularity", "quarter", "--receivers", "2", "--json")
    found = json.loads(done.output)
    assert found["demand"]["points"] == 10_000
    assert found["demand"]["wishes"]["receivers"] == 2
    names = [part["name"] for part in found["parts"]]
    assert names == ["utility's API", "producer", "streams", "brokers", "sinks", "databases"]
    assert set(found["parts"][0]) == {"name", "count", "need", "carries", "scarce"}
    assert set(found["total"]) == {"cores", "memory_gb", "disk_gb", "network_mbit"}
    assert found["gives_way_first"]["name"] == "utility's API"
    assert set(found["reread"]) == {"api", "known", "new"}
    assert found["partitions"] == 8


def test_the_commands_of_the_page_run() -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    commands = [line for block in blocks for line in block.splitlines()]
    assert commands
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "meterstream"
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output


def test_hours_that_come_once_a_day_are_published_once_but_for_full_sweeps() -> None:
    moves = flow(HOURS)
    assert moves.new_per_day == 24_000
    assert moves.published_per_day == pytest.approx(24_000 + 1_000 * 45 * 24 / 91)
    assert moves.delivery.new == pytest.approx(24_000 / (4 * 3_600))
    assert moves.delivery.again == 0
    assert moves.kept == 1_000 * 45 * 24
    assert moves.answer == 14 * 24


def test_hours_that_come_one_by_one_are_published_twelve_times_and_a_half() -> None:
    moves = flow(replace(HOURS, polling=Polling(deliveries=24, delivery_hours=1.0)))
    assert moves.delivery.new == pytest.approx(1_000 / 3_600)
    assert moves.delivery.published / moves.delivery.new == pytest.approx(12.5)


def test_a_month_value_comes_alone_however_often_the_day_is_delivered() -> None:
    moves = flow(Demand(1_000, "month", Polling(deliveries=24, delivery_hours=1.0)))
    assert moves.delivery.new == pytest.approx(1_000 / 3_600)
    assert moves.delivery.again == 0
    assert moves.kept == 36_000
    assert moves.reread_readings == 1_000


def test_a_limit_of_calls_makes_polls_rarer() -> None:
    found = plan(Demand(30_000, "hour", Polling(calls_per_second=10.0)), shipped())
    assert found.api.polls == pytest.approx(100, rel=0.01)
    assert found.api.poll_every == pytest.approx(3_000, rel=0.01)
    assert found.first.name == API


def test_a_worker_of_less_memory_makes_more_workers() -> None:
    costs = replace(shipped(), state_hour_memory=100.0)
    found = plan(Demand(1_000_000, "hour", wishes=Wishes(worker_gb=1.0)), costs)
    (streams,) = [part for part in found.parts if part.name == STREAMS]
    assert streams.count == 108  # 1,080,000,000 readings of 100 bytes
    assert streams.scarce == "memory_gb"
    assert streams.carries == 9_259
    assert found.partitions == 256


def test_cores_are_microseconds_times_what_comes_in_a_second() -> None:
    next_to_nothing = dict.fromkeys(vars(shipped()), 1e-9)
    costs = UnitCosts(**next_to_nothing | {"producer_call": 300.0})
    found = plan(Demand(1_000, "hour", Polling(every=1.0), Wishes(utilisation=0.5)), costs)
    (producer,) = [part for part in found.parts if part.name == PRODUCER]
    assert producer.need.cores == pytest.approx(1_000 * 300e-6 / 0.5, rel=0.01)


def test_what_the_producer_remembers_of_a_point_is_as_long_as_its_record() -> None:
    assert memory_record(55) == 50 + 55 * 12
