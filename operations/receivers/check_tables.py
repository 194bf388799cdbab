"""Whether customers' own tables can take what a receiver's layouts show. Nothing is written there."""

from collections.abc import Iterator

from operations.receivers.stages import Chosen
from runtime.errors import Transient
from sinks.build import layouts_of
from sinks.database import Database
from sinks.points.points import Points
from sinks.probe import Finding
from sinks.projections.customers_table import CustomersTable
from sinks.projections.dialects import TABLES
from sinks.projections.fitness import fitness, too_narrow
from sinks.projections.projection import Projection, projections_of

SAID = ("receiver_key", "metering_point", "facility_id")
"""What of the points may be too long for a column."""


def tables(chosen: Chosen, database: Database) -> Iterator[Finding]:
    """What is to be said of each table that a layout goes into.

    Args:
        chosen: the receiver's stage; its settings are as they must be.
        database: not opened; it is closed at the end.
    """
    layouts = layouts_of(chosen.name, chosen.receiver, chosen.address)
    points = chosen.points().read()
    for projection in projections_of(layouts):
        try:
            database.connect()
            with database.transaction():
                found = [*fitness(database, projection), *_long(database, projection, points)]
            yield from found
            if not any(finding.verdict == "problem" for finding in found):
                yield _rights(database, projection)
        finally:
            database.close()


def _long(database: Database, projection: Projection, points: Points) -> Iterator[Finding]:
    said = {name: [getattr(point, name) for point in points] for name in SAID}
    for line in too_narrow(projection, CustomersTable(database, projection.table).fields(), said):
        yield Finding(f"table {projection.table}", line, "problem", "widen it, or shorten them: such rows are refused")


def _rights(database: Database, projection: Projection) -> Finding:
    """Statements that touch no row, and want the same rights as those that do."""
    sql = TABLES[database.dialect]
    table = sql.table(projection.table)
    what, names = f"table {projection.table}", [sql.quoted(name) for name in projection.layout.columns]
    every = ", ".join(names)
    tried = (
        f"SELECT {every} FROM {table} WHERE 1 = 0",  # noqa: S608 - quoted names, here and below
        f"INSERT INTO {table} ({every}) SELECT {every} FROM {table} WHERE 1 = 0",  # noqa: S608
        f"UPDATE {table} SET {', '.join(f'{name} = {name}' for name in names)} WHERE 1 = 0",  # noqa: S608
        f"DELETE FROM {table} WHERE 1 = 0",  # noqa: S608
    )
    try:
        with database.transaction():
            for statement in tried:
                database.execute(statement)
    except Transient as error:
        return Finding(what, str(error), "problem", f"GRANT SELECT, INSERT, UPDATE, DELETE ON {projection.table}")
    return Finding(what, "this user may read, insert, change and delete its rows")
