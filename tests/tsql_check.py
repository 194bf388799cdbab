"""Whether a batch is T-SQL, as far as can be told without a SQL Server: it parses, and holds nothing known to be none.

sqlglot reads more than SQL Server does, so what other databases take and this one does not is looked for besides.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

_FOREIGN = {
    "LIMIT": r"\bLIMIT\b",
    "ON CONFLICT": r"\bON\s+CONFLICT\b",
    "a boolean literal": r"\b(?:TRUE|FALSE)\b",
    "RETURNING": r"\bRETURNING\b",
    "OR REPLACE": r"\bOR\s+REPLACE\b",
    "IF NOT EXISTS": r"\bIF\s+NOT\s+EXISTS\b",
    "ADD COLUMN": r"\bADD\s+COLUMN\b",
    "IS DISTINCT FROM (of 2022)": r"\bIS\s+(?:NOT\s+)?DISTINCT\s+FROM\b",
    "|| between texts": r"\|\|",
    ":: for a type": r"::",
    "FILTER": r"\bFILTER\s*\(",
}
_NOT_PARSED = re.compile(
    r"SAVE TRANSACTION|ROLLBACK TRANSACTION|IF @@TRANCOUNT|INSERT BULK|SET |DECLARE |EXEC |BEGIN|COMMIT|SELECT @", re.I
)
"""Beginnings of what sqlglot does not know; there is little of it, and no name of ours in it."""
_STATEMENT = re.compile(r"(?:[^';]|'[^']*')+")
_PARAMETER = re.compile(r"@P\d+")
_RESERVED_WORDS = """
    add all alter and any as asc authorization backup begin between break browse bulk by cascade case check
    checkpoint close clustered coalesce collate column commit compute constraint contains continue convert create cross
    current cursor database dbcc deallocate declare default delete deny desc disk distinct distributed double drop dump
    else end errlvl escape except exec execute exists exit external fetch file fillfactor for foreign freetext from full
    function goto grant group having holdlock identity if in index inner insert intersect into is join key kill left
    like lineno load merge national nocheck nonclustered not null nullif of off offsets on open option or order outer
    over percent pivot plan precision primary print proc procedure public raiserror read readtext reconfigure references
    replication restore restrict return revert revoke right rollback rowcount rule save schema select session_user set
    setuser shutdown some statistics system_user table tablesample textsize then to top tran transaction trigger
    truncate tsequal union unique unpivot update updatetext use user values varying view waitfor when where while with
    writetext
"""
"""https://learn.microsoft.com/en-us/sql/t-sql/language-elements/reserved-keywords-transact-sql"""


def statements(batch: str) -> list[str]:
    """The statements of a batch."""
    return [each for part in _STATEMENT.findall(batch) if (each := part.strip())]


_RESERVED = frozenset(_RESERVED_WORDS.split())


def problems(batch: str) -> tuple[str, ...]:
    """What is not T-SQL in a batch, or stands in no schema of ours."""
    return tuple(_problems(_PARAMETER.sub("@P", batch)))


def _problems(batch: str) -> Iterator[str]:
    plain = re.sub(r"N?'(?:[^']|'')*'", "''", batch)
    yield from (f"{name} is not T-SQL" for name, pattern in _FOREIGN.items() if re.search(pattern, plain, re.I))
    if re.search(r"\bMERGE\b[^;]*$", plain):
        yield "a MERGE ends with a semicolon"
    if len(statements(batch)) > 1 and re.search(r"\bCREATE\s+(OR\s+ALTER\s+)?(VIEW|SCHEMA)\b", plain):
        yield "CREATE VIEW and CREATE SCHEMA stand alone"
    for statement in dict.fromkeys(statements(batch)):
        if not _NOT_PARSED.match(statement):
            yield from _of_statement(statement)


@lru_cache(maxsize=1 << 12)
def _of_statement(statement: str) -> tuple[str, ...]:
    return tuple(_of_parsed(statement))


def _of_parsed(statement: str) -> Iterator[str]:
    try:
        parsed = sqlglot.parse_one(statement, read="tsql")
    except SqlglotError as error:
        yield f"not parsed: {error}"
        return
    if isinstance(parsed, exp.Command):
        yield "not parsed"
    yield from _names(parsed)
    yield from _truths(parsed)


def _names(parsed: exp.Expr) -> Iterator[str]:
    known = {cte.alias for cte in parsed.find_all(exp.CTE)}
    for table in parsed.find_all(exp.Table):
        if isinstance(table.parent, exp.Drop) and table.parent.args.get("kind") == "CONSTRAINT":
            continue
        if not table.db and not table.this.args.get("temporary") and table.name not in known:
            yield f"{table.name} stands in no schema"
    for name in parsed.find_all(exp.Identifier):
        if not name.args.get("quoted") and name.name.lower() in _RESERVED:
            yield f"{name.name} is a reserved word"


def _truths(parsed: exp.Expr) -> Iterator[str]:
    for condition in parsed.find_all(exp.Where, exp.Having, exp.And, exp.Or, exp.Not, exp.When):
        for part in condition.args.values():
            if isinstance(part, exp.Column | exp.Parameter):
                yield f"{part.sql()} is no condition"
    for equal in parsed.find_all(exp.EQ):
        if isinstance(equal.expression.unnest(), exp.Predicate):
            yield f"{equal.expression.sql()} is no value"
