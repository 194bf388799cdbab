"""Where a partition goes on: what the group, the log and the state say of it, compared before anything is read."""

from dataclasses import dataclass

from runtime.errors import PositionError
from runtime.mends import NEW_EPOCH, REBUILD_STATE
from streams.marker import Marker


@dataclass(frozen=True)
class Found:
    """What stands about one partition, read after the previous owner was fenced: nothing of it moves any more."""

    group_offset: int | None
    """The group's committed offset; None: there is none, or it has expired."""
    log_begin: int
    log_end: int
    """The readings partition holds the offsets from begin to before end."""
    marker: Marker | None
    live_keys: int
    """Keys of data that were loaded from the state partition."""

    @property
    def mend(self) -> str:
        """What helps against a state that does not fit: the readings, if all that were ever read are there."""
        read = max(self.group_offset or 0, self.marker.next_offset if self.marker else 0)
        return REBUILD_STATE if self.log_begin == 0 and read <= self.log_end else NEW_EPOCH


@dataclass(frozen=True)
class Expected:
    """What the marker must say: the settings of this worker."""

    epoch: str
    history: str
    readings_id: str
    values_id: str


def starting_point(where: str, found: Found, expected: Expected) -> int:
    """The first offset that the state does not contain.

    State, marker and group offset are written in one transaction, so they agree unless somebody interfered. A group
    offset behind the marker (moved back, expired) is harmless: what the state contains is skipped.

    Args:
        where: the partition, for messages.
        found: what stands there.
        expected: what must stand there.

    Raises:
        PositionError: they contradict each other, or readings that were never read are gone.
    """
    position = _of_fresh(where, found) if found.marker is None else _of_marked(where, found, found.marker, expected)
    check_within(where, position, found.log_begin, found.log_end)
    return position


def check_within(where: str, position: int, begin: int, end: int) -> None:
    """The next offset must be in the log, or the one that its next record will get.

    Raises:
        PositionError: it is not.
    """
    if position < begin:
        raise PositionError(
            f"{where}: the readings {position} to {begin - 1} were removed before they were read (retention, or "
            f"deleted by hand); {NEW_EPOCH}"
        )
    if position > end:
        raise PositionError(
            f"{where}: offset {position} is next, but the log ends at {end}: its topic was emptied or made anew; "
            f"{NEW_EPOCH}"
        )


def _of_fresh(where: str, found: Found) -> int:
    """Without a marker only a new epoch may start: nothing read, nothing remembered."""
    if found.live_keys:
        raise PositionError(f"{where}: its state has {found.live_keys} keys and no marker; {found.mend}")
    if found.group_offset:
        raise PositionError(
            f"{where}: the group stands at offset {found.group_offset}, but the state is empty: the state topic was "
            f"emptied or made anew; {found.mend}"
        )
    return 0


def _of_marked(where: str, found: Found, marker: Marker, expected: Expected) -> int:
    if marker.epoch != expected.epoch:
        raise PositionError(f"{where}: its state is of epoch {marker.epoch}, not {expected.epoch}; {NEW_EPOCH}")
    if marker.history != expected.history:
        raise PositionError(
            f"{where}: its state was built with [{marker.history}], the settings say [{expected.history}]: set them "
            f"back, or {NEW_EPOCH}"
        )
    for topic, built_with, there in (
        ("readings", marker.readings_id, expected.readings_id),
        ("values", marker.values_id, expected.values_id),
    ):
        if built_with not in (None, there):
            raise PositionError(f"{where}: its {topic} topic was made anew since the state was built; {NEW_EPOCH}")
    if found.live_keys != marker.live_keys:
        raise PositionError(
            f"{where}: its state has {found.live_keys} keys, its marker counted {marker.live_keys}: records of the "
            f"state topic were lost; {found.mend}"
        )
    if found.group_offset is not None and found.group_offset > marker.next_offset:
        raise PositionError(
            f"{where}: the group stands at offset {found.group_offset}, ahead of the state's marker "
            f"({marker.next_offset}); {found.mend}"
        )
    return marker.next_offset
