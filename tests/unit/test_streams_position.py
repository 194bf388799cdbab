"""Where a partition goes on, and which contradictions stop it."""

import pytest

from runtime.errors import ExitCode, PositionError
from runtime.mends import NEW_EPOCH, REBUILD_STATE
from streams.marker import Marker
from streams.position import Expected, Found, check_within, starting_point

EXPECTED = Expected(epoch="1", history="months=36", readings_id="r1", values_id="v1")


def marker(
    next_offset: int = 100, live_keys: int = 7, epoch: str = "1", history: str = "months=36", **ids: str | None
) -> Marker:
    return Marker(epoch, next_offset, live_keys, history, **{"readings_id": "r1", "values_id": "v1"} | ids)


def found(
    group: int | None = 100, log: tuple[int, int] = (0, 150), mark: Marker | None = None, live_keys: int = 7
) -> Found:
    return Found(group, *log, mark, live_keys)


@pytest.mark.parametrize(
    ("what", "position"),
    [
        pytest.param(found(None, (0, 0), None, 0), 0, id="a new epoch, nothing written yet"),
        pytest.param(found(None, (0, 150), None, 0), 0, id="a new epoch with readings waiting"),
        pytest.param(found(0, (0, 150), None, 0), 0, id="the group committed zero without reading anything"),
        pytest.param(found(100, (0, 150), marker()), 100, id="group and marker agree"),
        pytest.param(found(100, (0, 100), marker()), 100, id="everything has been read"),
        pytest.param(found(100, (100, 100), marker()), 100, id="retention removed only what has been read"),
        pytest.param(found(40, (0, 150), marker()), 100, id="the group's offset was moved back"),
        pytest.param(found(None, (0, 150), marker()), 100, id="the group's offset has expired"),
        pytest.param(
            found(mark=marker(readings_id=None, values_id=None)), 100, id="a marker from before ids were kept"
        ),
        pytest.param(found(1, (0, 1), marker(1, 0), 0), 1, id="only dead letters so far: a marker, no keys"),
    ],
)
def test_it_goes_on_where_the_state_ends(what: Found, position: int) -> None:
    assert starting_point("p", what, EXPECTED) == position


@pytest.mark.parametrize(
    ("what", "says", "mend"),
    [
        pytest.param(
            found(100, mark=None, live_keys=0), "state is empty", REBUILD_STATE, id="the state topic was emptied"
        ),
        pytest.param(found(100, mark=None), "no marker", REBUILD_STATE, id="the marker was lost"),
        pytest.param(found(None, mark=None), "no marker", REBUILD_STATE, id="state without marker nor offset"),
        pytest.param(
            found(None, (5, 150), None, 0), "0 to 4 were removed", NEW_EPOCH, id="new epoch, first readings gone"
        ),
        pytest.param(
            found(101, mark=marker()), "ahead of the state's marker", REBUILD_STATE, id="marker behind the group"
        ),
        pytest.param(
            found(mark=marker(), live_keys=6), "6 keys, its marker counted 7", REBUILD_STATE, id="a key was lost"
        ),
        pytest.param(
            found(mark=marker(), live_keys=8), "8 keys, its marker counted 7", REBUILD_STATE, id="a key too many"
        ),
        pytest.param(found(mark=marker(epoch="0")), "epoch 0, not 1", NEW_EPOCH, id="another epoch's state"),
        pytest.param(found(mark=marker(history="months=12")), "months=12", NEW_EPOCH, id="another history setting"),
        pytest.param(
            found(mark=marker(readings_id="r2")), "readings topic was made", NEW_EPOCH, id="it outgrew the old"
        ),
        pytest.param(found(mark=marker(values_id="v2")), "values topic was made", NEW_EPOCH, id="values made anew"),
        pytest.param(
            found(100, (101, 150), marker()), "100 to 100 were removed", NEW_EPOCH, id="retention passed the position"
        ),
        pytest.param(
            found(100, (0, 99), marker()), "the log ends at 99", NEW_EPOCH, id="the readings topic was made anew"
        ),
        pytest.param(found(100, (1, 150), None, 0), "state is empty", NEW_EPOCH, id="both: state and readings lost"),
        pytest.param(found(100, (0, 99), None, 0), "state is empty", NEW_EPOCH, id="both topics were made anew"),
        pytest.param(found(50, (0, 99), marker(), 6), "6 keys", NEW_EPOCH, id="keys and readings lost"),
    ],
)
def test_a_contradiction_stops_and_names_the_command_that_mends_it(what: Found, says: str, mend: str) -> None:
    with pytest.raises(PositionError, match=says) as raised:
        starting_point("t partition 3", what, EXPECTED)
    assert raised.value.exit_code == ExitCode.POSITION
    assert "t partition 3" in str(raised.value)
    assert str(raised.value).endswith(mend)


def test_both_ends_of_the_log_are_places_to_go_on() -> None:
    check_within("p", 5, 5, 9)
    check_within("p", 9, 5, 9)
