"""Layout files: what ships, and what is wrong with one that cannot be used."""

from pathlib import Path

import pytest
import sqlglot

from runtime.errors import ConfigError
from runtime.settings.receiver import PolicySettings
from sinks.layouts import Layout, layout_statements, load, shipped, text_of
from sinks.layouts.statements import DIALECTS

NUMBER = '[[columns]]\nname = "n"\nfrom = "figure"\n'
SQLGLOT = {"postgresql": "postgres", "sqlite": "sqlite", "mariadb": "mysql", "sqlserver": "tsql"}


def loaded(folder: Path, text: str, **policy: str) -> Layout:
    (folder / "ours.toml").write_text(text, "utf-8")
    (layout,) = load(["ours.toml"], folder, PolicySettings.model_validate(policy), "+01:00")
    return layout


def problems(folder: Path, *texts: str, zone: str = "+01:00") -> list[str]:
    names = [f"{place}.toml" for place, _ in enumerate(texts)]
    for name, text in zip(names, texts, strict=True):
        (folder / name).write_text(text, "utf-8")
    with pytest.raises(ConfigError) as refused:
        load(names, folder, PolicySettings(), zone)
    return list(refused.value.problems)


@pytest.mark.parametrize(("name", "max_key"), [("vitec", 80), ("momentum", 100), ("plain", None)])
def test_the_shipped_ones_say_how_long_a_key_may_be(name: str, max_key: int | None) -> None:
    (layout,) = load([name], Path(), PolicySettings(), "+01:00")
    assert layout.max_key == max_key


@pytest.mark.parametrize("name", shipped())
@pytest.mark.parametrize("database", ["mariadb", "sqlserver", "sqlite"])
def test_the_statements_of_the_shipped_ones_are_the_database_s_own_sql(name: str, database: str) -> None:
    """Of SQL Server none runs here: all that is known is that sqlglot reads them as T-SQL, without the usual traps."""
    (layout,) = load([name], Path(), PolicySettings(), "+01:00")
    statements = layout_statements(layout, database)
    assert all(sqlglot.parse(statement, read=SQLGLOT[database]) for statement in statements)
    if database == "sqlserver":
        assert not any(word in statement for statement in statements for word in ("LIMIT", "||", "TRUE", "INTERVAL"))


def test_nothing_is_written_that_a_client_could_take_for_a_parameter() -> None:
    for layout in load(shipped(), Path(), PolicySettings(), "+01:00"):
        assert "?" not in "".join(text for name in DIALECTS for text in layout_statements(layout, name))
        for name in set(DIALECTS) - {"sqlite"}:  # whose client knows ? alone
            assert "%" not in "".join(layout_statements(layout, name))


def test_the_receiver_s_policy_stands_over_the_layout_s(tmp_path: Path) -> None:
    text = f'view = "v"\n{NUMBER}[policy]\nestimated = "wait"\ngap = "skip"\n'
    layout = loaded(tmp_path, text, gap="deliver")
    assert (layout.policy.estimated, layout.policy.gap, layout.policy.held) == ("wait", "deliver", "null")


def test_a_fingerprint_tells_whether_the_views_would_be_others(tmp_path: Path) -> None:
    first = loaded(tmp_path, f'view = "v"\n{NUMBER}')
    assert loaded(tmp_path, f'# a remark\nview = "v"\n{NUMBER}').fingerprint == first.fingerprint
    others = [
        loaded(tmp_path, f'view = "v"\n{NUMBER}unit = "kWh"\n'),
        loaded(tmp_path, f'view = "v"\n{NUMBER}', gap="skip"),
    ]
    assert len({first.fingerprint, *(other.fingerprint for other in others)}) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("view =", "not TOML: "),
        (NUMBER, "view: Field required"),
        (f'view = "points"\n{NUMBER}', "points is a name of our own tables and views; take another"),
        (f'view = "v"\nviews = 1\n{NUMBER}', "views: unknown; see docs/layouts.md"),
        ('view = "v"\ncolumns = []\n', "no column shows a number"),
        (f'view = "v"\n{NUMBER}{NUMBER}', "n is the name of two columns"),
        (
            f'view = "v"\n{NUMBER}[[columns]]\nname = "x"\nfrom = "sum"\n',
            "column 2: from must be one of receiver_key, ",
        ),
        (f'view = "v"\n{NUMBER}decimals = 3\n', 'decimals wants remainder = "hold" or "round"'),
        (f'view = "v"\n{NUMBER}decimals = 3\nremainder = "round"\n', 'goes with a column from = "remainder", of = "n"'),
        (
            f'view = "v"\n{NUMBER}[[columns]]\nname = "u"\nfrom = "unit"\nof = "m"\n',
            "of = m is no number of this layout",
        ),
        (
            f'view = "v"\n{NUMBER}[[columns]]\nname = "t"\nfrom = "period_end"\nformat = "DDD"\n',
            "a format is timestamp",
        ),
        (f'view = "v"\n{NUMBER}[[columns]]\nname = "t"\nfrom = "period_end"\nzone = "Lund"\n', "Lund is no zone"),
        (f'view = "v"\n{NUMBER}[[columns]]\nname = "c"\nfrom = "constant"\nvalue = "5 %"\n', "a text without ? %"),
        (f'view = "v"\n{NUMBER}[[columns]]\nname = "p"\nfrom = "position"\n', "either the figure, or consumption"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, said: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert problem.startswith("layout 0.toml: ")
    assert said in problem


def test_every_problem_of_every_layout_is_said_at_once(tmp_path: Path) -> None:
    fine = f'view = "v"\n{NUMBER}'
    found = problems(tmp_path, fine, "x = 1", fine, zone="Lund")
    assert [problem.split(":")[0] for problem in found] == [
        "zone",
        *["layout 1.toml"] * 3,
        "layouts 0.toml and 2.toml make the same view v; rename one",
    ]


def test_a_layout_that_is_none_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="these ship: momentum, plain, vitec; or write a path"):
        text_of("vitek")
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        load(["./gone.toml"], tmp_path, PolicySettings(), "UTC")


def test_a_zone_that_a_database_cannot_show_is_refused(tmp_path: Path) -> None:
    layout = loaded(
        tmp_path, f'view = "v"\n{NUMBER}[[columns]]\nname = "t"\nfrom = "period_end"\nzone = "Europe/Oslo"\n'
    )
    assert layout_statements(layout, "postgresql")
    for name in ("sqlite", "mariadb", "sqlserver"):
        with pytest.raises(ConfigError, match=f"{name} cannot show times of zone Europe/Oslo"):
            layout_statements(layout, name)
