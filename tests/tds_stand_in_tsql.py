"""A session of the stand-in: T-SQL goes through sqlglot to a real PostgreSQL, what cannot go through it by hand.

What is no T-SQL is refused (tests/tsql_check.py). As in SQL Server an error undoes its statement alone and the
transaction goes on, and a batch goes on after an error.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import psycopg
import sqlglot
from psycopg import pq
from psycopg.sql import SQL, Identifier
from sqlglot import exp

from sinks.projections.customers_table import INDEXES
from tests.tsql_check import problems, statements

_NUMBERS = {
    "22001": (2628, "String or binary data would be truncated in table 't', column 'c'. Truncated value: 'v'."),
    "22003": (8115, "Arithmetic overflow error converting numeric to data type numeric."),
    "23502": (515, "Cannot insert the value NULL into column '{column}', table '{table}'; INSERT fails."),
    "23505": (2627, "Violation of PRIMARY KEY constraint '{constraint}'. The duplicate key value is (26633, x)."),
    "23514": (547, 'The MERGE statement conflicted with the CHECK constraint "{constraint}". It occurred in "db".'),
    "3F000": (2760, "The specified schema name either does not exist or you do not have permission to use it."),
    "40P01": (1205, "Transaction was deadlocked on lock resources and has been chosen as the deadlock victim."),
    "42501": (229, "The permission was denied on an object, database 'receiver', schema 's'."),
    "42P01": (208, "Invalid object name."),
    "55P03": (1222, "Lock request time out period exceeded."),
}
_KINDS: dict[int, type] = {16: bool, 17: bytes, 20: int, 21: int, 23: int, 1082: date, 1114: datetime, 1700: Decimal}
_SYNTAX = 156
_TYPES = {"character varying": "nvarchar", "timestamp without time zone": "datetime2", "numeric": "decimal"}
_COLUMNS = (
    "SELECT column_name, data_type, character_maximum_length, numeric_scale, datetime_precision, "
    "CASE WHEN is_nullable = 'NO' AND column_default IS NULL THEN 1 ELSE 0 END, 0 "
    "FROM information_schema.columns WHERE table_schema = %s AND table_name = %s"
)
_OF_A_TEST = re.compile(r"\[(t[0-9a-f]{8})\]")
"""The schema of a test: the same statement in another one needs no translation of its own."""
_PARAMETER = re.compile(r"@(P\d+)")
BEGAN, COMMITTED, ROLLED_BACK = 8, 9, 10
"""What the client is told of its transaction (ENVCHANGE)."""


@dataclass(frozen=True)
class Rows:
    """What a statement gave."""

    names: Sequence[str]
    kinds: Sequence[type]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Complaint:
    """An error of a statement."""

    number: int
    text: str


Outcome = Rows | Complaint | int | None
"""Of a statement: rows, an error, a change of the transaction, or nothing to tell."""


class Session:
    """One client's session on the PostgreSQL behind the stand-in."""

    def __init__(self, dsn: str) -> None:
        self._connection = psycopg.connect(dsn, autocommit=True)
        self._count = 0
        self._level = "READ COMMITTED"
        self._touched = 0
        self._got = 0
        self._by_hand: list[tuple[re.Pattern[str], Callable[[re.Match[str], Mapping[str, Any]], Outcome]]] = [
            (re.compile(pattern, re.IGNORECASE), do)
            for pattern, do in (
                (r"BEGIN TRANSACTION", lambda *_: self._transaction(f"BEGIN ISOLATION LEVEL {self._level}", BEGAN)),
                (r"COMMIT TRANSACTION", lambda *_: self._transaction("COMMIT", COMMITTED)),
                (r"IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION", lambda *_: self._transaction("ROLLBACK", ROLLED_BACK)),
                (r"SAVE TRANSACTION (\w+)", lambda found, _: self._plain(f"SAVEPOINT {found[1]}")),
                (r"ROLLBACK TRANSACTION (\w+)", lambda found, _: self._plain(f"ROLLBACK TO {found[1]}")),
                (r"SELECT XACT_STATE\(\)", lambda *_: _one(int(self._in_transaction))),
                (r"DECLARE @touched bigint = 0", lambda *_: self._touch(-self._touched)),
                (r"SET @touched \+= @@ROWCOUNT", lambda *_: self._touch(self._count)),
                (r"SELECT @touched", lambda *_: _one(self._touched)),
                (r"SELECT CAST\(SERVERPROPERTY.*", lambda *_: Rows(["", ""], [str, int], [["16.0.4165.4", 3]])),
                (r"SELECT is_read_committed_snapshot_on.*", lambda *_: Rows(["", ""], [bool, int], [[True, 0]])),
                (r"SELECT USER_NAME\(\).*", lambda *_: Rows(["", ""], [str, int], [["dbo", 1]])),
                (r"SELECT column_name, data_type, .*", self._columns),
                (r"SELECT i.name, c.name FROM sys.indexes .*", self._indexes),
                (r"SELECT HAS_PERMS_BY_NAME.*", lambda *_: _one(1)),
                (r"SET LOCK_TIMEOUT (\d+)", lambda found, _: self._plain(f"SET lock_timeout = {found[1]}")),
                (r"SET TRANSACTION ISOLATION LEVEL ([A-Z ]+)", lambda found, _: self._isolate(found[1])),
                (r"SET [A-Z_ ]+", lambda *_: None),
                (r"DECLARE @got int", lambda *_: None),
                (r"EXEC @got = sp_getapplock @Resource = @(\w+), .*", self._lock),
                (r"SELECT @got", lambda *_: _one(self._got)),
                (r"EXEC sp_rename N'\[(\w+)\]\.(\w+)', N'(\w+)'", self._rename),
            )
        ]

    def run(self, batch: str, parameters: Mapping[str, Any]) -> Iterator[Outcome]:
        """The statements of a batch, one after the other."""
        if wrong := problems(_OF_A_TEST.sub("[a_test]", batch)):
            yield Complaint(_SYNTAX, f"Incorrect syntax: {', '.join(wrong)}")
            return
        for statement in statements(batch):
            try:
                yield self._run(statement, parameters)
            except psycopg.Error as error:
                yield _complaint(error)

    def load(self, table: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Complaint | None:
        """Rows of a bulk load."""
        columns = SQL(", ").join(map(Identifier, names))
        try:
            copied = SQL("COPY {} ({}) FROM STDIN").format(Identifier(table), columns)
            with self._connection.cursor() as cursor, cursor.copy(copied) as copy:
                for row in rows:
                    copy.write_row(row)
        except psycopg.Error as error:
            return _complaint(error)
        return None

    def close(self) -> None:
        self._connection.close()

    def _run(self, statement: str, parameters: Mapping[str, Any]) -> Outcome:
        for pattern, do in self._by_hand:
            if found := pattern.fullmatch(statement):
                return do(found, parameters)
        with self._undoing(), self._connection.cursor() as cursor:
            given = [parameters[name] for name in _PARAMETER.findall(statement)]
            cursor.execute(in_postgresql(statement).encode(), given or None)
            self._count = max(cursor.rowcount, 0)
            if cursor.description is None:
                return None
            kinds = [_KINDS.get(column.type_code, str) for column in cursor.description]
            return Rows([column.name for column in cursor.description], kinds, cursor.fetchall())

    def _undoing(self) -> Any:
        """A statement that fails undoes itself alone."""
        return self._connection.transaction()

    def _isolate(self, level: str) -> None:
        self._level = "REPEATABLE READ" if level == "SNAPSHOT" else level

    def _touch(self, rows: int) -> None:
        self._touched += rows

    def _plain(self, statement: str) -> None:
        self._connection.execute(statement.encode())

    def _transaction(self, statement: str, change: int) -> int | None:
        was = self._in_transaction
        self._plain(statement)
        return change if was != self._in_transaction else None

    @property
    def _in_transaction(self) -> bool:
        return self._connection.info.transaction_status != pq.TransactionStatus.IDLE

    def _lock(self, found: re.Match[str], parameters: Mapping[str, Any]) -> None:
        try:
            with self._undoing():
                self._connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [parameters[found[1]]])
            self._got = 0
        except psycopg.errors.LockNotAvailable:
            self._got = -1

    def _columns(self, _: re.Match[str], parameters: Mapping[str, Any]) -> Rows:
        """Of a table, as INFORMATION_SCHEMA of SQL Server would name their types."""
        found = self._connection.execute(_COLUMNS.encode(), [parameters["P1"], parameters["P2"]]).fetchall()
        kinds = [str, str, int, int, int, int, int]
        return Rows([""] * len(kinds), kinds, [[name, _TYPES.get(kind, kind), *rest] for name, kind, *rest in found])

    def _indexes(self, _: re.Match[str], parameters: Mapping[str, Any]) -> Rows:
        found = self._connection.execute(INDEXES["postgresql"].replace("?", "%s").encode(), [*parameters.values()])
        return Rows(["", ""], [str, str], found.fetchall())

    def _rename(self, found: re.Match[str], _: Mapping[str, Any]) -> None:
        self._plain(f'ALTER TABLE "{found[1]}".{found[2]} RENAME TO {found[3]}')


def in_postgresql(statement: str) -> str:
    """A statement of T-SQL as PostgreSQL takes it; parameters become ``%s``, in the order in which they stand."""
    schema = _OF_A_TEST.search(statement)
    text = _translated(_PARAMETER.sub("@P", _OF_A_TEST.sub("[a_test]", statement)))
    return text.replace('"a_test"', schema[1]) if schema else text


@lru_cache(maxsize=1 << 12)
def _translated(statement: str) -> str:
    """The same of a statement whose parameters are all ``@P``."""
    plain = re.sub(r"CONSTRAINT \w+ (?=DEFAULT)", "", statement)
    plain = re.sub(r"\bbit NOT NULL DEFAULT 0", "boolean NOT NULL DEFAULT FALSE", plain)
    plain = plain.replace("DROP CONSTRAINT", "DROP CONSTRAINT IF EXISTS")
    parsed = sqlglot.parse_one(plain, read="tsql").transform(_in_postgresql)
    assert parsed is not None
    text = parsed.sql("postgres")
    return f"{text} CASCADE" if text.startswith("DROP TABLE") else text


def _in_postgresql(node: exp.Expression) -> exp.Expression | None:
    match node:
        case exp.National():
            return exp.Literal.string(node.name)
        case exp.Parameter():
            return exp.Placeholder()
        case exp.Ordered(this=exp.Expression() as name) if isinstance(node.parent, exp.PrimaryKey):
            return name
        case exp.ColumnConstraint(kind=exp.CollateColumnConstraint()):
            return None
        case exp.DataType():
            return _type(node)
    return node


def _type(node: exp.DataType) -> exp.DataType:
    if node.this == exp.DataType.Type.BIT:
        return exp.DataType.build("boolean")
    if any(str(size).upper() == "MAX" for size in node.expressions):
        return exp.DataType.build("bytea" if node.this == exp.DataType.Type.VARBINARY else "text")
    return node


def _one(value: int) -> Rows:
    return Rows([""], [int], [[value]])


def _complaint(error: psycopg.Error) -> Complaint:
    number, text = _NUMBERS.get(error.sqlstate or "", (_SYNTAX, f"PostgreSQL: {error}".replace("{", "(")))
    about = error.diag
    return Complaint(
        number, text.format(constraint=about.constraint_name, column=about.column_name, table=about.table_name)
    )
