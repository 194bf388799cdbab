"""`meterstream dead-letters` on a real cluster: what a person sees, and what is put back where."""

import json
import re
import shlex
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from local.cluster import Cluster
from operations.command import main
from operations.dead_letter_box import DeadLetterBox
from operations.dead_letter_fold import Folded
from operations.put_back import PuttingBack, Signature
from operations.put_back_plan import Outgoing, Plan, Planner
from runtime.dead_letters import MAX_ORIGINAL, Context, Original, dead_letter
from runtime.settings.load import load
from runtime.settings.tree import Settings
from runtime.topic_admin import create
from runtime.topics import TopicNames
from schemas.codec import Codec
from schemas.events import DeadLetter, PutBack, Reading
from schemas.keys import partition_of
from schemas.reasons import Reason, Stage
from schemas.registry import EmbeddedRegistry
from sinks.sql_writer import SqlWriter
from sinks.sqlite.database import SQLite
from sinks.writer import Receiver, Topic
from tests.polling import message_json, reading_json
from tests.sample_events import reading
from tests.sink_rows import record, value

pytestmark = pytest.mark.services

POINT = "735999100057526501"
PARTITIONS = 4
FETCHED = 1_600_000_000_000_000
READINGS = Codec(Reading, EmbeddedRegistry())
LETTERS = Codec(DeadLetter, EmbeddedRegistry())
PUT_BACKS = Codec(PutBack, EmbeddedRegistry())
SETTINGS = f"""
[kafka]
bootstrap_servers = "{{servers}}"
[topics]
prefix = "{{prefix}}"
partitions = {PARTITIONS}
replication_factor = 1
min_insync_replicas = 1
[sources.hours]
mapping = "oresundskraft"
url = "http://127.0.0.1:1"
granularity = "hour"
points = "points.csv"
[receivers.vitec]
database = "sqlite"
path = "vitec.sqlite"
points = "vitec.csv"
"""


class Desk:
    """An operator's desk: the command in the folder of its settings, and the topics of their own."""

    def __init__(self, folder: Path, servers: str, prefix: str) -> None:
        self.folder = folder
        self.config = folder / "meterstream.toml"
        self.config.write_text(SETTINGS.format(servers=servers, prefix=prefix))
        folder.joinpath("points.csv").write_text(f"metering_point\n{POINT}\n")
        folder.joinpath("vitec.csv").write_text(f"metering_point,category\n{POINT},\n")
        create(self.settings)
        self._servers = servers

    @property
    def settings(self) -> Settings:
        return load(self.config, {}, ("sources", "receivers"))

    @property
    def names(self) -> TopicNames:
        return TopicNames.of(self.settings)

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["--config", str(self.config), "dead-letters", *arguments])

    def told(self, *arguments: str) -> Any:
        """What it prints as JSON."""
        done = self.run(*arguments, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def replayed(self, *arguments: str) -> dict[tuple[str, str], int]:
        """How many came to what, by reason and result."""
        told = self.told("replay", "--yes", "--operator", "asa@office", *arguments)
        return {(line["reason"], line["result"]): line["letters"] for line in told}

    def lay(self, *letters: DeadLetter) -> None:
        """Puts dead letters onto their topic, as the stages do."""
        with closing(KafkaProducer(bootstrap_servers=self._servers)) as producer:
            for letter in letters:
                producer.send(self.names.dead_letters, LETTERS.encode(letter), key=letter.id.encode(), partition=0)
            producer.flush()

    def records(self, topic: str) -> list[Any]:
        with closing(KafkaConsumer(bootstrap_servers=self._servers)) as consumer:
            parts = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
            consumer.assign(parts)
            consumer.seek_to_beginning(*parts)
            ends, found = consumer.end_offsets(parts), []
            while any(consumer.position(part) < end for part, end in ends.items()):
                found += [each for some in consumer.poll(200).values() for each in some]
            return found

    def readings(self) -> list[Reading]:
        return [READINGS.decode(each.value) for each in self.records(self.names.readings)]

    def notes(self) -> list[PutBack]:
        return [PUT_BACKS.decode(each.value) for each in self.records(self.names.put_backs)]

    def states(self, *arguments: str) -> dict[str, str]:
        return {line["reason"]: line["state"] for line in self.told("list", *arguments)}


@pytest.fixture
def desk(tmp_path: Path, kafka: Cluster, unique: str) -> Desk:
    return Desk(tmp_path, kafka.bootstrap_servers, unique)


def mapped_wrongly(
    date: str = "2020-03-02T01:00:00", *, value: object = 26633, source: str = "hours", fetched_at: int = FETCHED
) -> DeadLetter:
    """A reading that the producer refused; with a good value, by a mistake that is mended."""
    original = message_json(reading_json(ReadingDate=date, Consumption=value)).encode()
    of = Context(Stage.PRODUCER, source, fetched_at=fetched_at)
    return dead_letter(Original("http", original, POINT.encode()), of, Reason.BAD_VALUE, "detail")


def refused_by_streams(desk: Desk, content: bytes, reason: Reason, **original: Any) -> DeadLetter:
    where: dict[str, Any] = {"topic": desk.names.readings, "key": b"k", "partition": 0, "offset": 7} | original
    return dead_letter(Original(value=content, **where), Context(Stage.STREAMS), reason, "detail")


def refused_by_vitec(desk: Desk, sequence: int, receiver: str | None = "vitec") -> DeadLetter:
    row = record(value(sequence, metering_point=POINT), sequence, topic=desk.names.values)
    context = Context(Stage.SINKS, source="months", receiver=receiver)
    original = Original(row.topic, row.value, row.key, row.partition, row.offset)
    return dead_letter(original, context, Reason.ROW_REFUSED, "CheckViolation (23514) constraint strict")


def test_sightings_are_folded_and_chosen_from(desk: Desk) -> None:
    first = mapped_wrongly()
    desk.lay(first, mapped_wrongly(fetched_at=FETCHED + 1), refused_by_streams(desk, b"garbage", Reason.WRONG_KEY))
    (line,) = desk.told("list", "--source", "hours")
    assert (line["id"], line["count"], line["state"], line["whose"]) == (first.id, 2, "open", "hours")
    assert line["first_seen"] < line["last_seen"]
    assert [line["reason"] for line in desk.told("list")] == ["wrong_key", "bad_value"], "the last seen first"
    assert len(desk.told("list", "--limit", "1")) == 1
    assert desk.states("--stage", "streams", "--reason", "wrong_key", "--reason", "bad_value") == {"wrong_key": "open"}
    assert desk.states("--until", line["first_seen"]) == desk.states("--since", "2100-01-01T00:00Z") == {}
    assert desk.run("list", "--since", "2020-01-01").exit_code == 2, "without a zone it is no instant"
    summed = [(line["reason"], line["letters"], line["sightings"], line["open"]) for line in desk.told("summary")]
    assert summed == [("bad_value", 1, 2, 1), ("wrong_key", 1, 1, 1)]
    assert "wrong_key" in desk.run("summary").stdout


def test_one_is_shown_whole_but_for_values_and_points(desk: Desk) -> None:
    letter = mapped_wrongly()
    desk.lay(letter)
    for shown in (desk.run("show", letter.id).stdout, desk.run("show", letter.id, "--json").stdout):
        assert "26633" not in shown
        assert POINT not in shown
        assert "mp-" in shown
    revealed = desk.told("show", letter.id, "--reveal")
    assert "26633" in revealed["original_value"]
    assert revealed["original_key"] == POINT
    missing = desk.run("show", "nothing")
    assert missing.exit_code == 2
    assert "meterstream dead-letters list" in missing.stderr


def test_what_the_producer_refused_is_mapped_anew_as_of_when_it_was_fetched(desk: Desk) -> None:
    """The newest version counts: the same was seen again later."""
    desk.lay(mapped_wrongly(fetched_at=FETCHED + 5), mapped_wrongly(), mapped_wrongly(value="1,5"))
    assert desk.replayed("--dry-run") == {("bad_value", "put_back"): 1, ("bad_value", "refused_again"): 1}
    assert desk.readings() == []
    assert desk.notes() == []
    assert desk.replayed() == {("bad_value", "put_back"): 1, ("bad_value", "refused_again"): 1}
    (found,) = desk.records(desk.names.readings)
    published = READINGS.decode(found.value)
    assert (published.source, published.metering_point, published.fetched_at) == ("hours", POINT, FETCHED + 5)
    assert (found.key, found.partition) == (POINT.encode(), partition_of(POINT, PARTITIONS))


def test_a_whole_message_comes_apart_into_its_readings(desk: Desk) -> None:
    text = message_json(reading_json(), reading_json(ReadingDate="2020-03-02T01:00:00", Consumption="x"))
    of = Context(Stage.PRODUCER, "hours", fetched_at=FETCHED)
    original = Original("http", text.encode(), POINT.encode())
    desk.lay(dead_letter(original, of, Reason.UNREADABLE_MESSAGE, "detail"))
    assert desk.replayed() == {("unreadable_message", "put_back"): 1}
    assert [each.reading_date for each in desk.readings()] == ["2020-02-29T00:00:00"]
    assert desk.states() == {"unreadable_message": "put_back", "bad_value": "open"}


def test_what_streams_refused_goes_where_its_metering_point_belongs(desk: Desk) -> None:
    good = READINGS.encode(reading(metering_point=POINT))
    wrong = refused_by_streams(desk, good, Reason.WRONG_KEY, headers=[("trace", b"7")], partition=PARTITIONS - 1)
    desk.lay(wrong, refused_by_streams(desk, b"garbage", Reason.UNDECODABLE_RECORD))
    assert desk.replayed() == {("wrong_key", "put_back"): 1, ("undecodable_record", "refused_again"): 1}
    (found,) = desk.records(desk.names.readings)
    assert (found.value, found.key, list(found.headers)) == (good, POINT.encode(), [("trace", b"7")])
    assert found.partition == partition_of(POINT, PARTITIONS)
    assert desk.states() == {"wrong_key": "put_back", "undecodable_record": "open"}


def test_every_try_is_noted_and_what_fails_again_and_again_is_parked(desk: Desk) -> None:
    letter = refused_by_streams(desk, b"garbage", Reason.UNDECODABLE_RECORD)
    desk.lay(letter)
    for _ in range(3):
        assert desk.replayed() == {("undecodable_record", "refused_again"): 1}
    assert desk.states() == {"undecodable_record": "parked"}
    assert desk.replayed() == {}
    assert desk.replayed("--parked") == {("undecodable_record", "refused_again"): 1}
    assert {(note.letter_id, note.operator, note.result) for note in desk.notes()} == {
        (letter.id, "asa@office", "refused_again")
    }
    assert len({note.run for note in desk.notes()}) == 4
    assert len(desk.told("show", letter.id)["put_back"]) == 4


def test_what_was_put_back_is_open_again_only_when_it_is_seen_again(desk: Desk) -> None:
    desk.lay(mapped_wrongly())
    assert desk.replayed() == {("bad_value", "put_back"): 1}
    assert desk.replayed() == {}
    assert desk.replayed("--again", "--dry-run") == {("bad_value", "put_back"): 1}
    desk.lay(mapped_wrongly())
    assert desk.states() == {"bad_value": "open"}
    assert desk.replayed() == {("bad_value", "put_back"): 1}


def test_what_can_never_be_put_back_says_why_and_takes_no_place(desk: Desk) -> None:
    whole = Original("http", b"<html>", POINT.encode())
    of = Context(Stage.PRODUCER, "hours", fetched_at=FETCHED)
    desk.lay(
        refused_by_streams(desk, b"x" * (MAX_ORIGINAL + 1), Reason.UNDECODABLE_RECORD),
        refused_by_streams(desk, READINGS.encode(reading()), Reason.WRONG_KEY, topic="other.readings"),
        dead_letter(whole, of, Reason.UNREADABLE_RESPONSE, "not JSON"),
        mapped_wrongly(source="gone"),
        mapped_wrongly(date="2020-03-02T02:00:00"),
        mapped_wrongly(date="2020-03-02T03:00:00"),
    )
    told = desk.told("replay", "--yes", "--max", "1")
    assert [(line["result"], line["detail"].split(":")[0]) for line in told] == [
        ("impossible", "the settings have no source gone"),
        ("put_back", f"mapped anew, onto {desk.names.readings}"),
        ("impossible", "a whole answer"),
        ("impossible", "its original was too large and is cut"),
        ("impossible", "it is of another epoch"),
    ]
    assert len(desk.readings()) == len(desk.notes()) == 1


def test_without_a_yes_nothing_is_done(desk: Desk) -> None:
    desk.lay(mapped_wrongly())
    assert desk.run("replay").exit_code == 1
    assert desk.readings() == []


@pytest.fixture
def tables(desk: Desk) -> Iterator[Callable[[str], list[Any]]]:
    """The receiver's tables, as a worker of this release makes them."""
    writer = SqlWriter(SQLite("vitec", desk.folder / "vitec.sqlite", 5.0), Receiver("vitec", "1"))
    writer.open(Topic(desk.names.values, "id", PARTITIONS), range(PARTITIONS))
    with closing(writer), closing(sqlite3.connect(desk.folder / "vitec.sqlite")) as connection:
        yield lambda statement: connection.execute(statement).fetchall()


def test_what_a_receiver_refused_is_asked_of_its_worker_and_stays_off_the_values_topic(
    desk: Desk, tables: Callable[[str], list[Any]]
) -> None:
    letters = [refused_by_vitec(desk, 5), refused_by_vitec(desk, 6), refused_by_vitec(desk, 7, receiver="momentum")]
    desk.lay(*letters)
    assert desk.replayed() == {("row_refused", "put_back"): 2, ("row_refused", "impossible"): 1}
    asked = tables("SELECT dead_letter_id, epoch, topic_partition, record_offset FROM put_backs ORDER BY record_offset")
    place = partition_of(POINT, PARTITIONS)
    assert asked == [(letters[0].id, "1", place, 5), (letters[1].id, "1", place, 6)]
    assert desk.records(desk.names.values) == []


def test_a_receiver_that_cannot_be_asked_leaves_its_rows_for_the_next_call(desk: Desk) -> None:
    desk.lay(refused_by_vitec(desk, 5))
    done = desk.run("replay", "--yes")
    assert done.exit_code == 2
    assert "start its worker" in done.stderr
    assert desk.states() == {"row_refused": "open"}


class Killed(Exception):
    """The command was killed here."""


class DiesBeforeANote(PuttingBack):
    """A command that is killed after it has put some back, and before it has noted that."""

    def _note(self, plan: Plan, folded: Mapping[str, Folded]) -> Outgoing:
        raise Killed


def test_killed_in_the_middle_it_goes_on_to_the_same_effect(desk: Desk) -> None:
    """What was done and not noted is done again: the same reading under the same version, which changes nothing."""
    dates = [f"2020-03-02T{hour:02}:00:00" for hour in range(5)]
    desk.lay(*(mapped_wrongly(date) for date in dates))

    def plans(box: DeadLetterBox, folded: Iterable[Folded]) -> list[Plan]:
        planner = Planner(desk.settings, box.registry)
        return [planner.plan(whole) for whole in box.whole(folded)]

    box = DeadLetterBox(desk.settings, {})
    folded = box.read().by_id
    with pytest.raises(Killed):
        list(
            DiesBeforeANote(desk.settings, {}, box, Signature("a", "1")).carry_out(plans(box, folded.values()), folded)
        )
    assert len(desk.readings()) == 5
    assert desk.replayed("--max", "2") == {("bad_value", "put_back"): 2}
    assert desk.replayed() == {("bad_value", "put_back"): 3}
    assert desk.replayed() == {}
    found = desk.readings()
    assert len(found) == 10
    assert sorted(found[:5], key=lambda each: each.reading_at) == sorted(found[5:], key=lambda each: each.reading_at)


def test_the_handbook_s_commands_do_what_it_says(desk: Desk) -> None:
    """Every line of its page, as it stands."""
    handbook = Path(__file__).resolve().parents[2].joinpath("docs", "dead-letters.md").read_text("utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", handbook, flags=re.MULTILINE | re.DOTALL)
    letter = mapped_wrongly()
    desk.lay(letter)
    lines = "".join(blocks).replace(" ID", f" {letter.id}").splitlines()
    assert len(lines) >= 8
    for line in lines:
        program, group, *arguments = shlex.split(line)
        assert (program, group) == ("meterstream", "dead-letters")
        done = desk.run(*arguments)
        assert done.exit_code == 0, f"{line}: {done.output}"
    assert len(desk.readings()) == 1
