"""`meterstream receivers sign-off`: the report of a test stage on real Kafka, and a person's word on it."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from operations.receivers.signed_off import SignOff, signed_off
from schemas.events import MeterValue
from schemas.exact import ONE
from schemas.instants import HOUR
from tests.sample_events import letter
from tests.sink_rows import value
from tests.staged_receiver import StagedReceiver

pytestmark = pytest.mark.services

BEGIN = 1_701_385_200_000_000
"""2023-12-01T00:00+01:00"""


def hour(sequence: int, number: int, **changed: Any) -> MeterValue:
    """The value of an hour of December 2023 (a negative number: of November)."""
    start = BEGIN + number * HOUR
    grid = {"reading_at": start + HOUR, "period_start": start, "period_end": start + HOUR, "granularity": "hour"}
    return value(sequence, **({"metering_point": "p1", "consumption": ONE // 2, "value": ONE // 2} | grid | changed))


def delivered() -> list[MeterValue]:
    """Hours of p1 with a gap of two, of p2 something of everything; p0 has none."""
    return [
        *(hour(number + 10, number) for number in (-2, -1, 0, 1, 4)),
        hour(20, 0, metering_point="p2", quality="estimated"),
        hour(21, 1, metering_point="p2", value=None, consumption=None, quality="missing"),
        hour(22, 2, metering_point="p2", held="negative_delta", consumption=None, value=-1),
        hour(23, 2, metering_point="p2", delivery_category="HEAT", consumption_unit="MWh", cause="corrected"),
        hour(24, 0, metering_point="stranger"),
    ]


def ready(staged: StagedReceiver) -> StagedReceiver:
    staged.publish(delivered())
    staged.deliver("test")
    return staged


def make(staged: StagedReceiver) -> tuple[Result, Path]:
    done = staged.run("sign-off", "vitec", "--directory", str(staged.folder / "reports"))
    assert done.exit_code in (0, 2), done.output
    return done, Path(done.stdout.splitlines()[0])


def signed(staged: StagedReceiver) -> SignOff | None:
    return signed_off(staged.chosen("test"))


def test_a_report_says_what_was_delivered_and_a_person_confirms_it(staged: StagedReceiver) -> None:
    staged.lay(
        letter(id="a", stage="streams", receiver=None),
        letter(id="b", stage="sinks", receiver="vitec.test", reason="row_refused"),
        letter(id="c", stage="sinks", receiver="momentum", reason="row_refused"),
    )
    done, file = make(ready(staged))
    digest = sha256(file.read_bytes()).hexdigest()
    assert f"SHA-256 of the JSON file: {digest}" in done.stdout
    body = json.loads(file.read_text("utf-8"))
    found = body["delivery"]
    assert (found["readings"], found["missing_values"], found["corrections"]) == (9, 1, 1)
    assert (found["estimated"], found["estimated_percent"]) == (1, "11.11")
    assert found["held"] == {"negative_delta": 1}
    assert [(each["delivery_category"], each["unit"], each["consumption"]) for each in found["amounts"]] == [
        ("EL-EXT", "kWh", "3"),
        ("HEAT", "MWh", "0.5"),
    ]
    assert (found["first_period"], found["last_period"]) == ("2023-11-30T21:00:00Z", "2023-12-01T04:00:00Z")
    assert (found["gaps"], found["missing_periods"]) == (1, 2)
    assert found["first_gaps"][0] | {"source": "months"} == {
        "source": "months",
        "metering_point": "p1",
        "delivery_category": "EL-EXT",
        "granularity": "hour",
        "begin": "2023-12-01T01:00:00Z",
        "end": "2023-12-01T03:00:00Z",
        "periods": 2,
    }
    assert body["points"] == {"mapped": 3, "with_values": 2, "without_values": 1, "first_without_values": ["p0"]}
    assert list(body["contents"]["points"][0]["months"]) == ["2023-11", "2023-12"]
    assert (body["verification"]["verdict"], body["verification"]["equal"]) == ("equal", 9)
    assert [(each["layout"], each["equal"] > 0, each["extra"]) for each in body["verification"]["layouts"]] == [
        ("plain", True, 0)
    ]
    assert body["dead_letters"] == [
        {"stage": "sinks", "reason": "row_refused", "state": "open", "letters": 1},
        {"stage": "streams", "reason": "undecodable_record", "state": "open", "letters": 1},
    ]
    page = file.with_suffix(".html").read_text("utf-8")
    assert digest in page
    assert body["contents"]["sha256"] in page
    confirm = staged.run("sign-off", "vitec", "--confirm", "Anna Åkesson", "--report", str(file))
    assert confirm.exit_code == 0, confirm.output
    found_sign_off = signed(staged)
    assert found_sign_off is not None
    assert (found_sign_off.who, found_sign_off.sha256) == ("Anna Åkesson", digest)
    assert (found_sign_off.verdict, found_sign_off.changed) == ("equal", ())
    staged.give("p1")
    found_sign_off = signed(staged)
    assert found_sign_off is not None
    assert found_sign_off.changed == ("points",)


def test_a_report_with_differences_is_confirmed_only_despite_them(staged: StagedReceiver) -> None:
    ready(staged).there["test"].run("UPDATE meter_values_e1 SET value = '9' WHERE sequence = 20")
    done, file = make(staged)
    assert (done.exit_code, "vitec.test is NOT equal to the feed" in done.stdout) == (2, True)
    confirm = ("sign-off", "vitec", "--confirm", "Anna", "--report", str(file))
    refused = staged.run(*confirm)
    assert (refused.exit_code, "--despite" in refused.stderr) == (2, True)
    assert signed(staged) is None
    assert staged.run(*confirm, "--despite", "known to the meter's owner").exit_code == 0
    found = signed(staged)
    assert found is not None
    assert (found.verdict, found.despite) == ("different", "known to the meter's owner")


def test_what_was_changed_since_cannot_be_confirmed(staged: StagedReceiver) -> None:
    """Neither a report nor what it was made of; nor a report of something else, or by nobody."""
    _, file = make(ready(staged))
    changed = staged.folder / "changed.json"
    changed.write_bytes(file.read_bytes().replace(b'"readings": 9', b'"readings": 8'))
    foreign = staged.folder / "foreign.json"
    foreign.write_text("{}", "utf-8")

    def refused(*words: str) -> str:
        done = staged.run("sign-off", "vitec", *words)
        assert done.exit_code == 2
        return done.stderr

    assert "it was changed" in refused("--confirm", "Anna", "--report", str(changed))
    assert "no delivery report" in refused("--confirm", "Anna", "--report", str(foreign))
    assert "go together" in refused("--confirm", " ", "--report", str(file))
    assert "go together" in refused("--confirm", "Anna")
    staged.give("p1", "p2")
    assert "make a new one" in refused("--confirm", "Anna", "--report", str(file))
    assert signed(staged) is None


def test_equal_deliveries_have_equal_hashes_whichever_database_they_stand_in(staged: StagedReceiver) -> None:
    """Kept here as it must be for years."""
    body = json.loads(make(ready(staged))[1].read_text("utf-8"))
    assert body["contents"]["sha256"] == "4e0c5274a756c21cc02af1f45f3f962e4075dc1985891b24632040a481bf0941"
