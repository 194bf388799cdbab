"""The dashboards are current, and each of them keeps what a reader may rely on."""

import json
import re
from itertools import combinations

import pytest
import yaml

from deploy.grafana import series
from deploy.grafana.__main__ import DASHBOARDS, rendered
from deploy.grafana.board import NAMES
from tests import boards, expressions
from tests.boards import BOARDS, filled, panels

GRAFANA = boards.DASHBOARDS.parent
ROOT = GRAFANA.parents[1]
UNITS = {"short", "s", "bytes", "percentunit", "cps", "cpm", "reqps", "rowsps"}
OF_GRAFANA = {"__rate_interval", "__url_time_range", "__data.fields", "datasource:queryparam"}
CHOSEN = {"source": "hours", "receiver": "vitec", "stage": "production"}
SCREEN = 24
"""Rows of the grid that a screen of 1,080 lines shows."""


every_board = pytest.mark.parametrize("name", NAMES)


def test_the_files_are_current() -> None:
    """If this fails: python -m deploy.grafana."""
    assert {file.name: file.read_text("utf-8") for file in DASHBOARDS.iterdir()} == rendered()


def test_bookmarks_stay_valid() -> None:
    assert {name: board["uid"] for name, board in BOARDS.items()} == {
        "overview": "meterstream-overview",
        "source": "meterstream-source",
        "streams": "meterstream-streams",
        "receiver": "meterstream-receiver",
        "kafka": "meterstream-kafka",
        "dead-letters": "meterstream-dead-letters",
    }


@every_board
def test_each_panel_says_what_it_shows(name: str) -> None:
    shown = panels(name)
    assert len({panel["id"] for panel in BOARDS[name]["panels"]}) == len(BOARDS[name]["panels"])
    for panel in shown:
        defaults = panel["fieldConfig"]["defaults"]
        assert panel["title"], panel
        assert re.fullmatch(r"[A-Z0-9].{10,}[.?]", panel["description"]), panel["title"]
        assert defaults["unit"] in UNITS, panel["title"]
        if panel["type"] != "table":  # its columns have their own
            assert defaults["thresholds"]["steps"][0]["value"] is None, panel["title"]


@every_board
def test_each_query_goes_to_the_chosen_prometheus_and_its_series_have_names(name: str) -> None:
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    for panel in panels(name):
        assert panel["datasource"] == chosen
        assert panel["targets"], panel["title"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        for target in panel["targets"]:
            assert target["datasource"] == chosen
            assert target["legendFormat"], panel["title"]
    assert all(mark["datasource"] == chosen for mark in BOARDS[name]["annotations"]["list"])


@every_board
def test_no_panel_covers_another(name: str) -> None:
    places = [panel["gridPos"] for panel in BOARDS[name]["panels"]]
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= 24 and place["h"] > 0 for place in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above, (one, other)


def test_the_overview_is_one_screen() -> None:
    places = [panel["gridPos"] for panel in BOARDS["overview"]["panels"]]
    assert max(place["y"] + place["h"] for place in places) <= SCREEN


@every_board
def test_each_board_leads_to_every_other_and_keeps_what_was_chosen(name: str) -> None:
    links = BOARDS[name]["links"]
    assert [link["url"] for link in links] == [f"/d/{BOARDS[other]['uid']}" for other in NAMES if other != name]
    assert all(link["includeVars"] and link["keepTime"] for link in links)


@every_board
def test_links_lead_to_boards_and_runbooks_that_exist(name: str) -> None:
    by_uid = {board["uid"]: board for board in BOARDS.values()}
    for address in re.findall(r'"url": "([^"]+)"', json.dumps(BOARDS[name])):
        board = re.match(r"/d/([\w-]+)", address)
        if board:
            chosen = set(re.findall(r"var-(\w+)=", address))
            assert chosen <= {variable["name"] for variable in by_uid[board[1]]["templating"]["list"]}, address
        else:
            runbook = re.fullmatch(r"\$\{runbooks\}/(\w+\.md)", address)
            assert runbook, address
            assert (ROOT / "docs" / "runbooks" / runbook[1]).is_file(), address


@every_board
def test_each_variable_that_is_used_is_there_and_each_one_there_is_used(name: str) -> None:
    board = BOARDS[name]
    there = {variable["name"] for variable in board["templating"]["list"]}
    used = set(re.findall(r"\$\{?([\w.:]+?)(?=[^\w.:]|$)", json.dumps(board)))
    used = {word for word in used if not any(word.startswith(known) for known in OF_GRAFANA)}
    assert used == there


@every_board
def test_each_expression_asks_for_series_and_labels_that_there_are(name: str) -> None:
    troubles = [
        f"{asked.title}: {trouble}"
        for asked in boards.queries(name)
        for trouble in expressions.troubles(filled(asked.expression, CHOSEN))
    ]
    assert troubles == []


@every_board
def test_each_variable_takes_its_values_from_a_label_that_there_is(name: str) -> None:
    for variable in BOARDS[name]["templating"]["list"]:
        if variable["type"] == "query":
            asked_of, label = boards.taken_from(variable)
            assert label == variable["name"]
            assert expressions.troubles(f"count by ({label}) ({filled(asked_of, CHOSEN)})") == []


def test_every_series_is_shown_on_some_board() -> None:
    """What nobody shows nobody sees. Recording rules count: a board shows what they say."""
    text = " ".join(asked.expression for name in NAMES for asked in boards.queries(name)) + _rules()
    forgotten = {name for name in expressions.known() if not re.search(rf"\b{_stem(name)}", text)}
    assert forgotten == set()


def _stem(series: str) -> str:
    return re.sub(r"_(bucket|sum|count)$", "", series)


def _rules() -> str:
    return " ".join(file.read_text("utf-8") for file in expressions.RULES.glob("*.yml"))


def test_the_boards_speak_of_the_objectives_that_the_rules_have() -> None:
    fresh = expressions.RULES.joinpath("freshness.yml").read_text("utf-8")
    complete = expressions.RULES.joinpath("completeness.yml").read_text("utf-8")
    assert set(re.findall(r'le="([^"]+)"', fresh)) == {str(series.FRESH_SECONDS)}
    assert f"ratio30d / {1 - series.FRESH_OBJECTIVE:.2g}\n" in fresh
    assert f"ratio30d / {1 - series.COMPLETE_OBJECTIVE:.2g}\n" in complete


def test_grafana_is_told_where_the_boards_and_prometheus_are() -> None:
    boards = yaml.safe_load((GRAFANA / "provisioning" / "dashboards" / "meterstream.yaml").read_text("utf-8"))
    sources = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "meterstream.yaml").read_text("utf-8"))
    (provider,) = boards["providers"]
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
    assert provider["allowUiUpdates"] is False
    assert [source["type"] for source in sources["datasources"]] == ["prometheus", "alertmanager"]
    assert sources["datasources"][0]["isDefault"] is True


@pytest.mark.parametrize(
    ("expression", "trouble"),
    [
        ("sum(", "sum(: "),
        ("meterstream_nothing", "meterstream_nothing: no such series"),
        ('up{receiver="vitec"}', "up has no label receiver"),
        (
            "sum by (topic) (rate(meterstream_streams_consumed_total[5m]))",
            "meterstream_streams_consumed_total: no label topic",
        ),
    ],
)
def test_an_expression_that_asks_for_what_there_is_not_is_found(expression: str, trouble: str) -> None:
    (found,) = expressions.troubles(expression)
    assert found.startswith(trouble)
