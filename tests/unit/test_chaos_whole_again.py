"""When a system counts as whole again after a fault."""

from collections.abc import Mapping

from local.chaos.vigil import Look, Place, whole_again

STREAMS: Place = ("streams", "readings", 0)


def look(at: float, **changes: object) -> Look:
    """A healthy look at a log whose end is at ``at``, read to there."""
    positions: Mapping[Place, int] = {STREAMS: int(at)}
    fields: dict[str, object] = {
        "began": at,
        "ended": at + 0.5,
        "troubled": (),
        "positions": positions,
        "ends": positions,
        "answered": {"hours": at},
    }
    return Look(**(fields | changes))  # type: ignore[arg-type]  # a test's own keywords


def test_the_first_look_sets_the_goal_and_a_later_one_reaches_it() -> None:
    assert whole_again([look(9), look(10), look(11)], since=9.5) == 2.0


def test_a_process_that_is_not_ready_is_waited_for() -> None:
    assert whole_again([look(10), look(11, troubled=("sink-vitec",)), look(12)], since=10) == 2.5


def test_what_stood_in_the_log_at_the_healing_must_be_read() -> None:
    behind = {STREAMS: 3}
    looks = [look(10), look(11, positions=behind), look(12, positions={STREAMS: 10}, ends={STREAMS: 99})]
    assert whole_again(looks, since=10) == 2.5


def test_every_source_must_have_been_answered_since() -> None:
    looks = [look(10), look(11, answered={"hours": 10}), look(12, answered={"hours": 1})]
    assert whole_again(looks, since=10) == 2.5


def test_while_kafka_does_not_answer_nothing_is_known() -> None:
    assert whole_again([look(10), look(11, positions=None)], since=10) is None


def test_a_log_that_was_made_anew_is_reached_at_its_present_end() -> None:
    anew = {STREAMS: 2}
    assert whole_again([look(10), look(11, positions=anew, ends=anew)], since=10) == 1.5
