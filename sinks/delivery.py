"""One batch, delivered exactly once, whatever happens to the connection."""

import logging
from collections.abc import Callable

from runtime.errors import Superseded
from sinks.batch import Batch, Positions
from sinks.writer import Refuse, Writer, Written

log = logging.getLogger(__name__)


class Delivery:
    """Tries to write one batch. A try may end without telling whether it was committed: then the positions tell."""

    def __init__(self, writer: Writer, batch: Batch, reopen: Callable[[], Positions]) -> None:
        """``reopen``: opens the writer again and reads the positions."""
        self._writer = writer
        self._batch = batch
        self._reopen = reopen
        self._tried = False

    def attempt(self, refuse: Refuse) -> Written | None:
        """Writes the batch; None: an earlier try had already, without our hearing of it.

        Raises:
            Transient: try again.
            Superseded: the positions are neither the old nor the new ones.
        """
        if self._tried and self._committed():
            return None
        again, self._tried = self._tried, True
        try:
            return self._writer.write(self._batch, refuse)
        except Superseded:
            # The transaction of an earlier try may have ended only now.
            if again and self._committed():
                return None
            raise

    def _committed(self) -> bool:
        positions = self._reopen()
        if positions == self._batch.after:
            log.info("the last transaction was committed although its answer was lost")
            return True
        if positions != self._batch.before:
            raise Superseded(
                "another worker has moved this receiver's positions. Run one worker per receiver and share"
            )
        return False
