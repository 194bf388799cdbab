"""The check of T-SQL finds what is none."""

import pytest

from tests.tsql_check import problems


@pytest.mark.parametrize(
    "batch",
    [
        "SELECT a FROM [m].t WHERE b = @P1 AND live = @P2",
        "UPDATE [m].t SET a = N'LIMIT; TRUE' WHERE b <> @P1",
        "MERGE INTO [m].t AS s USING #i AS i ON s.a = i.a WHEN NOT MATCHED THEN INSERT (a) VALUES (i.a);",
        "CREATE OR ALTER VIEW [m].v AS SELECT a FROM [m].t",
        "WITH newest AS (SELECT a FROM [m].t) SELECT TOP (1) a FROM newest ORDER BY 1",
        "ALTER TABLE [m].t ADD a bit NOT NULL CONSTRAINT t_a DEFAULT 0",
        "ALTER TABLE [m].t DROP CONSTRAINT t_a; ALTER TABLE [m].t DROP COLUMN a",
        "SAVE TRANSACTION before_rows; TRUNCATE TABLE #incoming",
    ],
)
def test_what_is_t_sql_passes(batch: str) -> None:
    assert problems(batch) == ()


@pytest.mark.parametrize(
    ("batch", "problem"),
    [
        ("SELECT a FROM [m].t LIMIT 1", "LIMIT is not T-SQL"),
        ("INSERT INTO [m].t (a) VALUES (1) ON CONFLICT DO NOTHING", "ON CONFLICT is not T-SQL"),
        ("UPDATE [m].t SET live = TRUE", "a boolean literal is not T-SQL"),
        ("SELECT a FROM [m].t WHERE live", "live is no condition"),
        ("SELECT a FROM [m].t WHERE a = 1 AND NOT live", "live is no condition"),
        ("UPDATE [m].t SET live = (epoch = @P1)", "(epoch = @P) is no value"),
        ("SELECT a FROM t", "t stands in no schema"),
        ("SELECT plan FROM [m].t", "plan is a reserved word"),
        ("CREATE TABLE [m].t (user int)", "user is a reserved word"),
        ("MERGE INTO [m].t AS s USING #i AS i ON s.a = i.a WHEN MATCHED THEN DELETE", "a MERGE ends with a semicolon"),
        ("SET NOCOUNT ON; CREATE VIEW [m].v AS SELECT 1 AS a", "CREATE VIEW and CREATE SCHEMA stand alone"),
        ("SELECT a || b FROM [m].t", "|| between texts is not T-SQL"),
        ("SELECT a FRM [m].t WHERE (", "not parsed"),
    ],
)
def test_what_is_none_is_found(batch: str, problem: str) -> None:
    assert any(found.startswith(problem) for found in problems(batch)), problems(batch)
