"""One batch, whatever happens to the connection: the positions tell whether it is in."""

from collections.abc import Sequence

import pytest

from runtime.errors import Superseded, Transient
from sinks.batch import Batch, Positions, Refused
from sinks.delivery import Delivery
from sinks.points.points import Points
from sinks.put_back import Judge
from sinks.writer import Again, Opened, Refuse, Standing, Topic, Written
from tests.sink_rows import AS_THEY_ARE, row, value

BEFORE, AFTER, OTHER = {0: 1}, {0: 5}, {0: 9}
BATCH = Batch([row(value())], BEFORE, AFTER)
DONE = Written(rows=1, refused=0)


class ScriptedWriter:
    """Ends each write as scripted, and finds the positions as scripted."""

    forms = AS_THEY_ARE

    def __init__(self, writes: Sequence[Written | Exception], found: Sequence[Positions]) -> None:
        self._writes = list(writes)
        self._found = list(found)

    def open(self, topic: Topic, partitions: Sequence[int]) -> Opened:
        return Opened(self.reopen(), live=True)

    def reopen(self) -> Positions:
        return self._found.pop(0)

    def look(self) -> Positions:
        return self.reopen()

    def write(self, batch: Batch, refuse: Refuse) -> Written:
        end = self._writes.pop(0)
        if isinstance(end, Exception):
            raise end
        return end

    def put_back(self, judge: Judge, refuse: Refuse) -> None:
        raise AssertionError

    def take_points(self, points: Points) -> Again:
        raise AssertionError

    def standing(self) -> Standing:
        raise AssertionError

    def write_again(self, batch: Batch, rewrite: bool, refuse: Refuse) -> None:
        raise AssertionError

    def turn_view(self) -> bool:
        return True

    def close(self) -> None:
        assert not self._writes
        assert not self._found


def no_refusals(refused: Sequence[Refused]) -> list[str]:
    raise AssertionError


LOST = Transient("the connection is lost")
RIVAL = Superseded("another worker")


@pytest.mark.parametrize(
    ("writes", "found", "outcome"),
    [
        pytest.param([DONE], [], DONE, id="written at once"),
        pytest.param([LOST, DONE], [BEFORE], DONE, id="not committed: written again"),
        pytest.param([LOST, LOST, DONE], [BEFORE, BEFORE], DONE, id="twice not committed"),
        pytest.param([LOST], [AFTER], None, id="committed, its answer lost: not written again"),
        pytest.param([LOST], [OTHER], RIVAL, id="neither: another worker"),
        pytest.param([RIVAL], [], RIVAL, id="another worker, seen at the first try"),
        pytest.param([LOST, RIVAL], [BEFORE, AFTER], None, id="committed while we tried again"),
        pytest.param([LOST, RIVAL], [BEFORE, OTHER], RIVAL, id="another worker while we tried again"),
    ],
)
def test_a_batch_is_written_once(
    writes: Sequence[Written | Exception], found: Sequence[Positions], outcome: Written | Exception | None
) -> None:
    writer = ScriptedWriter(writes, found)
    delivery = Delivery(writer, BATCH, writer.reopen)

    def until_done() -> Written | Exception | None:
        while True:
            try:
                return delivery.attempt(no_refusals)
            except Transient:
                continue
            except Superseded as error:
                return error

    ended = until_done()
    assert type(ended) is type(outcome)
    assert isinstance(ended, Superseded) or ended == outcome
    writer.close()
