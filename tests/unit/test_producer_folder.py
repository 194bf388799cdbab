"""Readings that come in files: each file read whole, in order, and away once all it holds is acknowledged."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from producer.build import line_of
from producer.feed import resolve
from producer.folder_work import FolderWork
from producer.incoming import Incoming
from producer.points import Point
from producer.poller import Keeping
from producer.records import Records, Topics
from producer.report import Report
from producer.source_circuit import SourceCircuit
from runtime.errors import ConfigError
from runtime.metrics import ProducerMetrics
from runtime.settings.dead_letters import DeadLetterSettings
from runtime.settings.load import load
from runtime.settings.receiver import FilesSettings
from runtime.settings.source import SourceSettings
from schemas import instants
from schemas.exact import ONE
from schemas.reasons import Reason
from schemas.registry import EmbeddedRegistry
from tests.drops import Clock, Workplace
from tests.polling import NAMES, NOW, PARTITIONS, POINT, Died, KeptLog, Literal, message_json, reading_json, spans
from tests.sink_rows import value

OTHER = "735999100057526518"


class FolderRoom:
    """The work of a source with a folder, and the log it writes to; ``restart`` is a new process."""

    def __init__(
        self,
        folder: Path,
        manifests: bool = False,
        limits: DeadLetterSettings | None = None,
        mapping: str = "oresundskraft",
    ) -> None:
        self.folder = folder
        settings = SourceSettings.model_validate(
            {
                "mapping": mapping,
                "folder": folder,
                "granularity": "month",
                "points": "points.csv",
                "manifests": manifests,
                "limits": {"max_readings": 10},
                "poll": {"every": 0.05, "retry_initial": 0.05},
            }
        )
        self.feed = resolve("feed", settings)
        self.most_parts = spans("month").most_parts
        self.log = KeptLog()
        self.now = NOW
        self.limits = limits or DeadLetterSettings()
        self.circuit: SourceCircuit | None = None

    def work(self) -> FolderWork:
        """The work of a new process."""
        metrics = ProducerMetrics(CollectorRegistry())
        self.circuit = circuit = SourceCircuit(self.limits, "feed", metrics.stopped.labels("feed"))
        records = Records(Topics(NAMES, PARTITIONS), EmbeddedRegistry())
        keeping = Keeping(self.log.recalled(self.most_parts), self.log, self.log, records, circuit)
        points = {name: Point(name) for name in (POINT, OTHER)}
        incoming = Incoming(self.folder, self.feed.settings.manifests)
        return FolderWork(self.feed, points, incoming, keeping, Report("feed", metrics), self.tick)

    def tick(self) -> int:
        """The clock: a second later each time."""
        self.now += 1_000_000
        return self.now

    def drop(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, "utf-8")

    async def until_idle(self, reason: str | None = None) -> None:
        """Runs until no file waits any more, or until the work says why it stands still."""
        if reason is None:
            await self.run_until(lambda work: not list(self.folder.glob("[!.]*.json")))
        else:
            await self.run_until(lambda work: reason in (work.reason or ""))

    async def run_until(self, true: Callable[[FolderWork], bool]) -> None:
        """Runs a new process until something holds."""
        work = self.work()
        running = asyncio.create_task(work.run())
        for _ in range(3_000):
            await asyncio.sleep(0.01)
            if running.done() or true(work):
                break
        work.finish()
        await running
        assert true(work)

    def away(self, where: str) -> list[str]:
        """The names of the files that went there."""
        return sorted(path.name for path in (self.folder / where).glob("*"))


@pytest.fixture
def room(tmp_path: Path) -> FolderRoom:
    return FolderRoom(tmp_path)


@contextmanager
def gone(path: Path) -> Iterator[None]:
    """A file or folder is not there for a while."""
    away = path.with_name(f"{path.name}-away")
    path.rename(away)
    yield
    away.rename(path)


def month(number: int, consumption: str) -> str:
    return reading_json(ReadingDate=f"2019-{number:02d}-28T00:00:00", Consumption=Literal(consumption))


async def test_a_file_becomes_readings_and_goes_away(room: FolderRoom) -> None:
    """One message, or a list of them, whatever the mapping's envelope for answers is."""
    room.drop("1.json", message_json(month(2, "2"), month(1, "1.5")))
    room.drop("2.json", f"[{message_json(month(1, '7'), point=json.dumps(OTHER))}]")
    await room.until_idle()
    readings = room.log.readings()
    assert [(each.metering_point, each.consumption) for each in readings] == [
        (POINT, 3 * ONE // 2),
        (POINT, 2 * ONE),
        (OTHER, 7 * ONE),
    ]
    assert {each.customer_number for each in readings} == {"12345"}
    assert room.away("done") == ["1.json", "2.json"]


async def test_a_page_is_read_where_the_mapping_says_so(tmp_path: Path) -> None:
    """That there are more pages says nothing: each file is read by itself."""
    mapping = tmp_path / "pages.toml"
    mapping.write_text('[request]\npath = "/x"\n[envelope]\nshape = "page"\nitems = "Data"\npages = "Total"\n')
    room = FolderRoom(tmp_path, mapping=str(mapping))
    room.drop("1.json", f'{{"Data": [{message_json(month(1, "1"))}], "Total": 3}}')
    room.drop("2.json", message_json(month(1, "2")))
    await room.until_idle()
    assert [each.consumption for each in room.log.readings()] == [ONE]
    assert room.away("failed") == ["2.json", "2.json.reason"]


async def test_drops_of_a_receiver_are_files_for_a_source(tmp_path: Path) -> None:
    """With manifests: what comes out at one end goes in at the other, digit by digit."""
    folder = tmp_path / "drops"
    folder.mkdir()
    place = Workplace(folder, Clock(), FilesSettings(format=("json",)))
    worker = place.start()
    february = instants.from_datetime(datetime(2019, 2, 27, 23, tzinfo=UTC))
    later = february + instants.DAY
    worker.write(value(1, reading_at=february, value=ONE // 3), value(2, reading_at=later, value=None))
    worker.writer.look()
    room = FolderRoom(folder, manifests=True)
    await room.run_until(lambda work: room.away("done") == ["000000001.manifest.json", "months-000000001.json"])
    assert [(each.reading_at, each.consumption) for each in room.log.readings()] == [
        (february, ONE // 3),
        (later, None),
    ]


async def test_a_correction_in_a_later_file_is_a_later_version(room: FolderRoom) -> None:
    """By name, not by time; also where the clock stands still."""
    room.drop("b.json", message_json(month(1, "2")))
    room.drop("a.json", message_json(month(1, "1")))
    room.tick = lambda: NOW  # type: ignore[method-assign]  # the clock stands still
    await room.until_idle()
    first, second = room.log.readings()
    assert (first.consumption, second.consumption) == (ONE, 2 * ONE)
    assert second.fetched_at == first.fetched_at + 1_000


async def test_only_whole_files_are_read(room: FolderRoom) -> None:
    for name in (".1.json", "1.json.part", "1.tmp", "notes.txt"):
        room.drop(name, message_json(month(1, "1")))
    room.drop("2.json", message_json(month(2, "2")))
    await room.until_idle()
    assert [each.consumption for each in room.log.readings()] == [2 * ONE]
    assert room.away("done") == ["2.json"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param('{"MeteringPoint": ', "not JSON", id="half a file"),
        pytest.param('"text"', "no readable envelope", id="no object"),
        pytest.param('{"CustomerNumber": "1"}', "it has no MeteringPoint", id="an object that is no message"),
        pytest.param(message_json(*[month(1, "1")] * 11), "more than 10 readings", id="too many"),
        pytest.param("", "not JSON", id="empty"),
    ],
)
async def test_a_file_that_cannot_be_read_is_a_dead_letter_and_set_aside(room: FolderRoom, text: str, why: str) -> None:
    """With the reason beside it; the next file goes on."""
    room.drop("1.json", text)
    room.drop("2.json", message_json(month(2, "2")))
    await room.until_idle()
    (letter,) = room.log.letters()
    assert letter.reason == Reason.UNREADABLE_RESPONSE
    assert why in letter.detail
    assert room.away("failed") == ["1.json", "1.json.reason"]
    assert why in (room.folder / "failed" / "1.json.reason").read_text("utf-8")
    assert len(room.log.readings()) == 1


async def test_what_cannot_be_used_of_a_file_is_a_dead_letter(room: FolderRoom) -> None:
    """A reading, a message, a point that is not the source's; the others flow."""
    stranger = message_json(month(1, "1"), point='"stranger"')
    messages = [message_json(month(1, "1"), month(2, '"x"')), stranger, "5", message_json(month(1, "9"), point="7")]
    room.drop("1.json", f"[{','.join(messages)}]")
    await room.until_idle()
    assert [each.consumption for each in room.log.readings()] == [ONE]
    letters = {letter.reason: letter for letter in room.log.letters()}
    assert set(letters) == {Reason.BAD_VALUE, Reason.WRONG_POINT, Reason.UNREADABLE_MESSAGE, Reason.WRONG_TYPE}
    assert letters[Reason.WRONG_POINT].original_value == stranger.encode()
    assert room.away("done") == ["1.json"]


async def test_a_death_at_any_record_loses_nothing(tmp_path: Path) -> None:
    """The file is read again; the correction in the next one stays the newest."""
    for records in range(12):
        folder = tmp_path / str(records)
        folder.mkdir()
        room = FolderRoom(folder)
        room.drop("1.json", f"[{message_json(month(1, '1'))},{message_json(month(1, '5'), point=json.dumps(OTHER))}]")
        room.drop("2.json", message_json(month(1, "2")))
        room.log.dies_after = records
        try:
            await room.until_idle()
        except Died:
            room.log.dies_after = None
            await room.until_idle()
        newest = {}
        for each in sorted(room.log.readings(), key=lambda each: each.fetched_at):
            newest[each.metering_point] = each.consumption
        assert newest == {POINT: 2 * ONE, OTHER: 5 * ONE}
        assert room.away("done") == ["1.json", "2.json"]


async def test_a_file_that_comes_again_publishes_nothing(room: FolderRoom) -> None:
    """And takes no other's place among those that are done."""
    for _ in range(3):
        room.drop("1.json", message_json(month(1, "1")))
        await room.until_idle()
    assert len(room.log.readings()) == 1
    assert room.away("done") == ["1.json", "1.json.2", "1.json.3"]


async def test_too_many_dead_letters_stop_the_source(tmp_path: Path) -> None:
    """The file stays where it is, and nothing of it is acknowledged."""
    room = FolderRoom(tmp_path, limits=DeadLetterSettings(stop_run=1, retry=0.01))
    room.drop("1.json", message_json(month(1, '"x"')))
    await room.run_until(lambda work: room.circuit is not None and room.circuit.reason is not None)
    assert (tmp_path / "1.json").exists()
    assert room.log.records == []


async def test_a_folder_that_is_gone_is_waited_for(room: FolderRoom) -> None:
    with gone(room.folder):
        await room.until_idle(reason="No such file or directory")
    room.drop("1.json", message_json(month(1, "1")))
    await room.until_idle()
    assert len(room.log.readings()) == 1


def test_a_folder_that_was_never_there_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("metering_point,category,kind\n1,,\n")
    (tmp_path / "meterstream.toml").write_text(
        '[sources.files]\nmapping = "oresundskraft"\nfolder = "incoming"\ngranularity = "month"\n'
        'points = "points.csv"\n'
    )
    with pytest.raises(ConfigError, match=f"there is no folder {tmp_path}/incoming; make it"):
        line_of(load(tmp_path / "meterstream.toml", {}), "files")


def manifest(folder: Path, *names: str) -> str:
    files = [{"name": name, "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()} for name in names]
    return json.dumps({"number": 1, "files": files})


async def test_with_manifests_only_whole_drops_are_read(tmp_path: Path) -> None:
    """In the order of the manifests; a file that is another than its manifest says is set aside."""
    room = FolderRoom(tmp_path, manifests=True)
    room.drop("z.json", message_json(month(1, "1")))
    room.drop("a.json", message_json(month(1, "2")))
    room.drop("x.csv", "a table")
    room.drop("b.json", message_json(month(1, "3")))
    room.drop("loose.json", message_json(month(1, "4")))
    room.drop("1.manifest.json", manifest(tmp_path, "z.json", "x.csv"))
    room.drop("2.manifest.json", manifest(tmp_path, "a.json", "b.json"))
    room.drop("b.json", message_json(month(1, "5")))
    await room.run_until(lambda work: "2.manifest.json" in room.away("done"))
    assert [each.consumption for each in room.log.readings()] == [ONE, 2 * ONE]
    assert room.away("done") == ["1.manifest.json", "2.manifest.json", "a.json", "x.csv", "z.json"]
    assert room.away("failed") == ["b.json", "b.json.reason"]
    assert (tmp_path / "loose.json").exists()


async def test_a_manifest_waits_for_its_files(tmp_path: Path) -> None:
    """A tool that copies a drop may bring them in any order."""
    room = FolderRoom(tmp_path, manifests=True)
    room.drop("a.json", message_json(month(1, "1")))
    room.drop("b.json", message_json(month(1, "2")))
    room.drop("1.manifest.json", manifest(tmp_path, "a.json", "b.json"))
    with gone(tmp_path / "b.json"):
        await room.until_idle(reason="names b.json, which is not there")
    assert room.log.readings() == []
    await room.until_idle()
    assert [each.consumption for each in room.log.readings()] == [ONE, 2 * ONE]
