"""What others want to know of projections: what was put into a customer's table, and whether that is all."""

from sinks.database import Database
from sinks.layouts import Layout
from sinks.projections.dialects import TABLES
from sinks.projections.projection import projections_of


def put_there(layout: Layout, dialect: str) -> str:
    """The query of what stands in a customer's table under match columns that the ledger names; as a layout's view."""
    (projection,) = projections_of([layout])
    sql = TABLES[dialect]
    names = [sql.quoted(name) for name in layout.columns]
    same = " AND ".join(f"own.{names[place]} = noted.cell_{place}" for place in projection.places)
    shown = ", ".join(f"own.{name}" for name in names)
    return f"SELECT {shown} FROM {projection.ledger} noted JOIN {sql.table(projection.table)} own ON {same}"  # noqa: S608 - quoted names


def unsettled(database: Database, layout: Layout, epoch: str) -> str | None:
    """Why a customer's table is not yet what the worker will make it, within a transaction; None: it is."""
    (projection,) = projections_of([layout])
    if not database.has_table(projection.ledger):
        return "its worker has not been started with it"
    found = database.execute("SELECT fingerprint FROM projected WHERE ledger = ?", [projection.ledger])
    if {fingerprint for (fingerprint,) in found} != {projection.fingerprint(epoch)}:
        return "its worker has not taken the layout as it is now"
    ((left,),) = database.execute(
        "SELECT count(*) FROM unprojected WHERE ledger = ? AND reason IS NULL", [projection.ledger]
    )
    return f"{left} metering points are still to be projected" if left else None
