"""The simulated utility's options, keys, state and points files."""

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.expected import FeedFacts, read_settings, terms_of
from local.utility.access import Access, Credentials
from local.utility.command_line import parse
from local.utility.points_files import POINTS_HEADER, RECEIVER_HEADER, write_points
from local.utility.settings import FeedSettings
from local.utility.state import StateFile, WorldState
from tests.utility_worlds import ANCHOR, world

NOW = datetime(2026, 11, 23, 5, 59, tzinfo=UTC)
CREDENTIALS = Credentials("key", "me", "secret", token_seconds=10)


def test_options_have_defaults_and_switches() -> None:
    options = parse(["--no-faults", "--fault", "cut=0.25", "--feed", "h=hour:paged", "--history-hours", "48"], NOW)
    assert options.world.feeds == (FeedSettings("h", "hour", 48, "paged"),)
    assert (options.faults.cut, options.faults.slow) == (0.25, 0)
    assert options.world.anchor.isoformat() == "2026-11-23T06:00:00+01:00"
    assert parse(["--anchor", "2020-02-29T05:00"], NOW).world.anchor.isoformat() == "2020-02-29T05:00:00+01:00"


@pytest.mark.parametrize(
    "arguments",
    [["--feed", "h=week"], ["--rate", "nothing=1"], ["--rate", "up=2"], ["--feed", "a=day", "--feed", "a=hour"]],
)
def test_options_that_make_no_sense_are_refused(arguments: list[str]) -> None:
    with pytest.raises(ValueError, match=r"rate|feed|not one of"):
        parse(arguments, NOW)


def test_three_ways_of_access_and_no_other() -> None:
    now = [0.0]
    access = Access(CREDENTIALS, lambda: now[0])
    assert access.allows({"X-Api-Key": "key"})
    assert access.allows({"Authorization": "Bearer key"})
    for headers in ({}, {"X-Api-Key": "kex"}, {"Authorization": "Bearer no"}, {"Authorization": "Basic key"}):
        assert not access.allows(headers)
    form = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "secret"}
    answer = access.issue({}, form)
    assert answer is not None
    assert answer["token_type"] == "Bearer"
    bearer = {"Authorization": f"Bearer {answer['access_token']}"}
    assert access.allows(bearer)
    now[0] = 10.0
    assert not access.allows(bearer)
    basic = {"Authorization": "Basic " + base64.b64encode(b"me:secret").decode()}
    assert access.issue(basic, {"grant_type": "client_credentials"}) is not None
    assert access.issue({}, form | {"client_secret": "other"}) is None
    assert access.issue({}, form | {"grant_type": "password"}) is None
    assert access.issue({"Authorization": "Basic ???"}, {}) is None


def test_keys_do_not_show() -> None:
    assert "secret" not in repr(CREDENTIALS)
    assert "'key'" not in repr(CREDENTIALS)


def test_the_state_survives_and_another_worlds_is_refused(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state")
    fresh = WorldState("a", ANCHOR)
    assert file.load(fresh) == fresh
    file.save(WorldState("a", ANCHOR, 5, quiet=True))
    assert file.load(fresh) == WorldState("a", ANCHOR, 5, quiet=True)
    with pytest.raises(ValueError, match="other settings"):
        file.load(WorldState("b", ANCHOR))


def test_points_files_settle_every_series_as_the_world_means_it(tmp_path: Path) -> None:
    here = world(points=60)
    files = write_points(here, tmp_path)
    rows = read_settings(files.points["hours"])
    assert tuple(rows[0]) == POINTS_HEADER
    facts = FeedFacts("u", "hour", "end")
    for number in range(60):
        point = here.meter("hours", number)
        mine = [row for row in rows if row["metering_point"] == point.metering_point]
        for series in point.series:
            terms = terms_of(mine, series.category, facts)
            assert terms.kind == series.terms.kind
            assert str(terms.factor == 1) == str(series.terms.factor == "")
            assert (terms.consumption_unit or "") == series.terms.consumption_unit


def test_receivers_points_differ_and_overlap(tmp_path: Path) -> None:
    files = write_points(world(points=60), tmp_path)
    chosen = {}
    for name, path in files.receivers.items():
        rows = read_settings(path)
        assert tuple(rows[0]) == RECEIVER_HEADER
        chosen[name] = {row["metering_point"] for row in rows}
    assert chosen["vitec"] & chosen["momentum"]
    assert chosen["vitec"] - chosen["momentum"]
    assert chosen["momentum"] - chosen["vitec"]
