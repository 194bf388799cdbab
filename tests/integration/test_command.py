"""The `meterstream` command as a person uses it, on a real cluster."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaProducer, OffsetAndMetadata, TopicPartition

from local.cluster import Cluster
from local.ports import free_port
from operations.command import main
from runtime.dead_letters import Context, Original, dead_letter
from runtime.kafka_admin import admin
from runtime.settings.load import load
from runtime.topics import TopicNames
from schemas.codec import Codec
from schemas.events import DeadLetter
from schemas.reasons import Reason, Stage
from schemas.registry import EmbeddedRegistry

pytestmark = pytest.mark.services

Run = Callable[..., Result]

SETTINGS = """
[kafka]
bootstrap_servers = "{servers}"
request_timeout = {timeout}
[topics]
prefix = "{prefix}"
partitions = 2
replication_factor = 1
min_insync_replicas = 1
[receivers.vitec]
database = "sqlite"
path = "vitec.sqlite"
points = "points.csv"
"""


@pytest.fixture
def config(kafka: Cluster, unique: str, tmp_path: Path) -> Path:
    tmp_path.joinpath("points.csv").write_text("metering_point,category\n1,EL\n")
    file = tmp_path / "meterstream.toml"
    file.write_text(SETTINGS.format(servers=kafka.bootstrap_servers, timeout=10, prefix=unique))
    return file


@pytest.fixture
def run(config: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in the folder of the settings file."""
    monkeypatch.chdir(config.parent)

    def command(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments, env={"COLUMNS": "160"})

    return command


def as_process(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs the installed command."""
    script = Path(sys.executable).with_name("meterstream")
    return subprocess.run([script, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_topics_are_created_and_verified(run: Run) -> None:
    missing = run("topics", "verify")
    assert missing.exit_code == 2
    assert missing.stderr.count("is missing: meterstream topics create\n") == 6
    assert run("topics", "create").stdout.count("created ") == 6
    assert run("topics", "create").stdout.count("present ") == 6
    assert run("topics", "verify").stdout == "every topic is as it must be\n"


def test_creating_ends_with_2_where_a_topic_is_of_another_shape(run: Run, config: Path) -> None:
    run("topics", "create")
    config.write_text(config.read_text().replace("partitions = 2", "partitions = 3"))
    done = run("topics", "create")
    assert done.exit_code == 2
    assert done.stderr.count("has 2 partitions, the settings say 3") == 4
    assert "Traceback" not in done.stderr


def test_the_settings_are_checked_with_every_problem(run: Run, config: Path) -> None:
    assert run("config", "check").stdout == "the configuration is valid: epoch 1, 0 sources, 1 receivers\n"
    config.write_text(config.read_text().replace("points.csv", "gone.csv") + "color = 1\n")
    done = run("config", "check")
    assert done.exit_code == 2
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == [
        "receivers.vitec.color",
        "receivers.vitec.points",
    ]


@pytest.mark.parametrize("place", ["before", "after"])
def test_the_settings_file_may_be_named_before_and_after_the_command(run: Run, config: Path, place: str) -> None:
    other = config.rename(config.with_name("other.toml"))
    option = ("--config", other.name)
    done = run(*option, "config", "check") if place == "before" else run("config", "check", *option)
    assert done.exit_code == 0, done.stderr


def test_the_version_is_told() -> None:
    assert as_process("--version").stdout.startswith("meterstream, version ")


@pytest.mark.parametrize("command", [("topics", "create"), ("topics", "verify"), ("status",)])
def test_a_cluster_that_is_not_there_is_one_line(config: Path, command: tuple[str, ...]) -> None:
    config.write_text(SETTINGS.format(servers=f"127.0.0.1:{free_port()}", timeout=0.5, prefix="x"))
    done = as_process("--config", str(config), *command)
    assert done.returncode == 70
    assert done.stderr.startswith("error: Kafka at 127.0.0.1:")
    assert len(done.stderr.splitlines()) == 1


def status(run: Run, *arguments: str) -> Any:
    done = run("status", "--json", *arguments)
    found = json.loads(done.stdout)
    assert done.exit_code == (0 if found["healthy"] else 1), done.output
    return found


def test_the_status_of_a_system_without_topics_says_what_is_missing(run: Run) -> None:
    found = status(run)
    assert not any(topic["present"] for topic in found["progress"]["topics"])
    assert not found["healthy"]
    (page,) = [finding for finding in found["findings"] if finding["severity"] == "page"]
    assert page["next"] == "meterstream topics create"
    assert all(topic["name"] in page["text"] for topic in found["progress"]["topics"])


def test_a_system_that_has_just_begun_is_healthy_as_far_as_kafka_shows(run: Run) -> None:
    run("topics", "create")
    found = status(run)
    assert found["healthy"]
    assert [finding["text"] for finding in found["findings"]] == ["no process was asked, so what is fresh is not known"]


@pytest.fixture
def busy(run: Run, config: Path) -> TopicNames:
    """Five records on each partition of readings and values, of which streams and vitec have read some."""
    run("topics", "create")
    status(run)  # waits until a new cluster can keep positions
    settings = load(config, {})
    names = TopicNames.of(settings)
    producer = KafkaProducer(bootstrap_servers=settings.kafka.bootstrap_servers)
    for topic in (names.readings, names.values):
        for partition in (0, 1):
            for _ in range(5):
                producer.send(topic, b"x", key=b"k", partition=partition)
    for letter in three_letters():
        producer.send(names.dead_letters, letter)
    producer.flush()
    producer.close()
    with admin(settings.kafka) as client:
        read = {TopicPartition(names.readings, 0): 5, TopicPartition(names.readings, 1): 2}
        delivered = {TopicPartition(names.values, 0): 1, TopicPartition(names.readings, 1): 3}  # the last: not its own
        for group, offsets in ((names.streams_group, read), (names.sink_group("vitec"), delivered)):
            client.alter_group_offsets(group, {part: OffsetAndMetadata(at, "", -1) for part, at in offsets.items()})
    return names


def three_letters() -> list[bytes]:
    """Two sightings of one thing, one of another, and one record that is no dead letter at all."""
    codec = Codec(DeadLetter, EmbeddedRegistry())

    def sighting(value: bytes, reason: Reason) -> bytes:
        return codec.encode(dead_letter(Original("t", value), Context(Stage.STREAMS), reason, "detail"))

    same = (b"a", Reason.UNDECODABLE_RECORD)
    return [sighting(*same), sighting(*same), sighting(b"b", Reason.WRONG_KEY), b"no dead letter"]


def test_the_status_tells_how_far_everybody_is(run: Run, busy: TopicNames) -> None:
    found = status(run)
    progress = found["progress"]
    ends = {topic["name"]: topic["ends"] for topic in progress["topics"]}
    assert ends[busy.readings] == {"0": 5, "1": 5}
    assert progress["streams"]["positions"] == {"0": 5, "1": 2}
    assert progress["streams"]["lags"] == {"0": 0, "1": 3}
    (vitec,) = progress["receivers"]
    assert (vitec["name"], vitec["positions"], vitec["lag"]) == ("vitec", {"0": 1, "1": None}, 9)
    assert vitec["beyond_end"] == []
    letters = found["dead_letters"]
    assert (letters["complete"], letters["unreadable"]) == (True, 1)
    counts = [(count["stage"], count["reason"], count["open"], count["parked"]) for count in letters["counts"]]
    assert counts == [("streams", "undecodable_record", 1, 0), ("streams", "wrong_key", 1, 0)]
    assert [finding["alert"] for finding in found["findings"] if finding["severity"] == "ticket"] == [
        "DeadLettersRising"
    ]
    assert not found["healthy"]


def test_the_handbook_s_way_to_read_dead_letters(run: Run, config: Path) -> None:
    run("topics", "create")
    settings = load(config, {})
    producer = KafkaProducer(bootstrap_servers=settings.kafka.bootstrap_servers)
    for letter in three_letters()[:3]:
        producer.send(TopicNames.of(settings).dead_letters, letter)
    producer.flush()
    producer.close()
    handbook = Path(__file__).resolve().parents[2].joinpath("docs", "dead-letters.md").read_text("utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", handbook, flags=re.MULTILINE | re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines() == ["streams undecodable_record t detail", "streams wrong_key t detail"], (
        done.stderr
    )


def test_dead_letters_are_read_within_bounds(run: Run, busy: TopicNames) -> None:
    letters = status(run, "--dead-letters", "2")["dead_letters"]
    assert (letters["complete"], letters["unreadable"], len(letters["counts"])) == (False, 1, 1)


def test_the_status_is_a_screen_for_people(run: Run, busy: TopicNames) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    done = run("status", "--metrics", address)
    assert done.exit_code == 1
    for text in (
        "epoch 1",
        "NOT HEALTHY",
        "values",
        "vitec",
        "wrong_key",
        address.removeprefix("http://"),
        "no answer",
    ):
        assert text in done.stdout


def test_a_position_past_the_end_of_a_log_is_pointed_at(run: Run, config: Path, busy: TopicNames) -> None:
    with admin(load(config, {}).kafka) as client:
        part = TopicPartition(busy.readings, 1)
        client.alter_group_offsets(busy.streams_group, {part: OffsetAndMetadata(99, "", -1)})
    assert status(run)["progress"]["streams"]["beyond_end"] == [1]
    assert "past the end of partitions 1" in run("status").stdout
