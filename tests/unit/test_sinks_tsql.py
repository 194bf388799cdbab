"""Statements as SQL Server is given them: names within a schema, and T-SQL to a parser."""

import pytest

from sinks import migrations
from sinks.columns import behind
from sinks.sqlserver import statements as tsql
from tests.tsql_check import problems


@pytest.mark.parametrize(
    ("statement", "within"),
    [
        ("SELECT 1 FROM epochs WHERE live = ?", "SELECT 1 FROM [m].epochs WHERE live = ?"),
        ("UPDATE positions SET points = ?", "UPDATE [m].positions SET points = ?"),
        ("INSERT INTO points (points) VALUES (?)", "INSERT INTO [m].points (points) VALUES (?)"),
        ("DELETE FROM put_backs", "DELETE FROM [m].put_backs"),
        ("CREATE TABLE t (a int)", "CREATE TABLE [m].t (a int)"),
        ("DROP VIEW IF EXISTS v", "DROP VIEW IF EXISTS [m].v"),
        ("CREATE OR ALTER VIEW v AS SELECT a FROM t", "CREATE OR ALTER VIEW [m].v AS SELECT a FROM [m].t"),
        ("SELECT 1 FROM a x JOIN b y ON x.c = y.c", "SELECT 1 FROM [m].a x JOIN [m].b y ON x.c = y.c"),
        ("WITH n AS (SELECT a FROM t) SELECT a FROM n", "WITH n AS (SELECT a FROM [m].t) SELECT a FROM n"),
        ("SELECT 1 FROM (SELECT a FROM t) AS s", "SELECT 1 FROM (SELECT a FROM [m].t) AS s"),
        ("MERGE INTO t USING #i ON 1 = 1 WHEN MATCHED THEN UPDATE SET a = 1", None),
        ("SELECT 1 FROM INFORMATION_SCHEMA.TABLES", "SELECT 1 FROM INFORMATION_SCHEMA.TABLES"),
    ],
)
def test_tables_and_views_stand_in_the_schema(statement: str, within: str | None) -> None:
    expected = within or statement.replace("INTO t", "INTO [m].t")
    assert tsql.within("m", statement) == expected


@pytest.mark.parametrize(
    "statement",
    [
        tsql.create_table("meter_values_e1"),
        tsql.show("meter_values_e1"),
        tsql.counted(tsql.merge("meter_values_e1"), 1),
        tsql.counted(tsql.merge("meter_values_e1", rewrite=True), 1),
        tsql.lock("meterstream", 5)[0].replace("?", "@P1"),
        behind("meter_values_e1", than="meter_values_e2"),
        *tsql.session(5),
        *(each for step in migrations.steps("sqlserver") for each in migrations.statements(step)),
    ],
)
def test_every_statement_is_t_sql(statement: str) -> None:
    """What the contract suite runs besides is checked there, by the stand-in."""
    assert problems(tsql.within("m", statement)) == ()


def test_a_merge_without_its_end_would_be_found() -> None:
    assert problems(tsql.within("m", tsql.merge("meter_values_e1"))) == ("a MERGE ends with a semicolon",)


def test_each_database_has_the_same_steps() -> None:
    assert len(migrations.steps("sqlserver")) == len(migrations.steps("postgresql"))


def test_the_key_fits_what_a_clustered_index_takes() -> None:
    instant, blanks = 8, 8
    assert 2 * sum(tsql.KEY_UNITS.values()) + instant + blanks <= 900
