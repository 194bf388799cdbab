"""Records of chaos runs, and the page that is made from them."""

import socket
from pathlib import Path

from msgspec.structs import replace

from local.chaos import records, report
from local.chaos.records import FaultRecord, RunRecord

FAULT = FaultRecord("streams-1: SIGKILL", "process", "streams-1", 3.0, 1.2, 4.4, 0, None)
RUN = RunRecord(
    seed=3,
    brokers=1,
    passed=True,
    seconds=81.4,
    faults=(FAULT,),
    lost={"vitec": 0, "momentum": 0},
    doubled={"vitec": 0, "momentum": 0},
    wrong={"vitec": 0, "momentum": 0},
    letters={"missing": 0},
    exits={"streams-1": (-9,)},
    troubles=(),
    machine="2 cores",
    versions={"Python": "3.13.1"},
)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "new" / "records.jsonl"
    records.write(file, RUN)
    records.write(file, RUN)
    assert records.read(file) == [RUN, RUN]


def test_the_page_counts_faults_rows_and_the_longest_recovery() -> None:
    slower = FaultRecord("streams-1: SIGKILL", "process", "streams-1", 9.0, 1.2, 7.6, 1, None)
    broken = replace(RUN, seed=4, passed=False, faults=(slower, slower), lost={"vitec": 2, "momentum": 1})
    text = report.page([RUN, broken])
    assert "| process | streams-1: SIGKILL | 3 | 3 | 0 | 0 | 8 s |\n" in text
    assert "3 faults of 1 kinds in 2 runs, of which 1 passed; rows: 3 lost, 0 doubled, 0 wrong." in text
    assert "| 4 | 1 | 2 | 81 | 1 | **not equal** |\n" in text


def test_the_page_of_the_repository_is_what_its_records_lead_to() -> None:
    """If this fails: python -m local.chaos.report."""
    assert report.PAGE.read_text("utf-8") == report.page(records.read(report.RECORDS))


def test_what_a_run_ran_on_is_told_without_the_machines_name() -> None:
    assert socket.gethostname() not in records.machine()
    assert records.versions()["aiokafka"]
