"""The views of a receiver's layouts in its database: made when a layout is new, has changed, or its view is gone."""

import logging
from collections.abc import Sequence

import msgspec

from sinks.columns import VIEW
from sinks.database import Database
from sinks.layouts import Layout, layout_statements

log = logging.getLogger(__name__)


class LayoutViews:
    """The layouts of one receiver's stage. All calls are within a transaction."""

    def __init__(self, database: Database, layouts: Sequence[Layout]) -> None:
        """``database``: connected, its tables migrated."""
        self._database = database
        self._layouts = layouts

    def make(self) -> None:
        """Makes those that are not there as they should be, and removes those that are no longer wanted."""
        if not self._database.has_table(VIEW):
            return
        ((text,),) = self._database.execute("SELECT layouts FROM receiver")
        made: dict[str, str] = msgspec.json.decode(text, type=dict[str, str]) if text else {}
        wanted = {layout.view: layout.fingerprint for layout in self._layouts}
        for layout in self._layouts:
            if made.get(layout.view) != layout.fingerprint or not self._database.has_table(layout.view):
                for statement in layout_statements(layout, self._database.dialect):
                    self._database.execute(statement)
                log.info("the layout is shown", extra={"layout": layout.name, "view": layout.view})
        for view in made.keys() - wanted.keys():
            for name in (view, Layout.withheld_of(view)):
                self._database.execute(f"DROP VIEW IF EXISTS {name}")
        if made != wanted:
            self._database.execute("UPDATE receiver SET layouts = ?", [msgspec.json.encode(wanted).decode()])
