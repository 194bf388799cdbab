"""Dead letters: the same thing has the same id, and each fits into its topic."""

import hashlib
from typing import Any

import pytest

from runtime.dead_letters import MAX_BESIDE, MAX_ORIGINAL, Context, Original, dead_letter
from schemas import instants
from schemas.codec import Codec
from schemas.events import DeadLetter, Header
from schemas.reasons import Reason, Stage
from schemas.registry import EmbeddedRegistry

STREAMS = Context(Stage.STREAMS)


def refused(context: Context = STREAMS, identity: bytes | None = None, **original: Any) -> DeadLetter:
    whole: dict[str, Any] = {"topic": "t", "value": b"v", "key": b"k", "partition": 1, "offset": 2} | original
    return dead_letter(Original(**whole), context, Reason.UNDECODABLE_RECORD, "detail", identity=identity)


def test_a_dead_letter_carries_the_original_untouched() -> None:
    before = instants.now()
    letter = refused(headers=(("h", b"1"), ("h", None)))
    assert (letter.original_key, letter.original_value, letter.original_length) == (b"k", b"v", 1)
    assert letter.original_headers == (Header("h", b"1"), Header("h", None))
    assert (letter.topic, letter.partition, letter.offset, letter.original_sha256) == ("t", 1, 2, None)
    assert (letter.stage, letter.reason) == ("streams", "undecodable_record")
    assert before <= letter.seen_at <= instants.now()


@pytest.mark.parametrize("changes", [{}, {"offset": 99}, {"partition": 0}, {"headers": (("h", b""),)}])
def test_the_same_original_seen_again_has_the_same_id(changes: dict[str, Any]) -> None:
    assert refused(**changes).id == refused().id


@pytest.mark.parametrize(
    "other",
    [
        refused(value=b"w"),
        refused(value=None),
        refused(value=b""),
        refused(key=None),
        refused(key=b"kv", value=b""),
        refused(context=Context(Stage.SINKS)),
        refused(context=Context(Stage.STREAMS, receiver="vitec")),
        refused(identity=b"i"),
    ],
)
def test_another_original_stage_or_receiver_has_another_id(other: DeadLetter) -> None:
    assert other.id != refused().id


def test_two_sources_that_say_the_very_same_are_two() -> None:
    """Else only one of them could be put back."""
    one, other = (refused(context=Context(Stage.PRODUCER, source)) for source in ("days", "hours"))
    assert one.id != other.id
    assert one.id == refused(context=Context(Stage.PRODUCER, "days", fetched_at=7), offset=9).id


def test_an_identity_given_decides_alone() -> None:
    assert refused(identity=b"i", value=b"x").id == refused(identity=b"i", value=b"y").id


def test_an_id_is_fixed_for_ever() -> None:
    assert refused().id == "709de45a165a2475bc656d5f4430f092"


def test_a_value_up_to_the_limit_is_whole() -> None:
    letter = refused(value=b"x" * MAX_ORIGINAL)
    assert (len(letter.original_value or b""), letter.original_sha256) == (MAX_ORIGINAL, None)


def test_a_longer_value_is_cut_and_says_so() -> None:
    value = b"x" * MAX_ORIGINAL + b"y"
    letter = refused(value=value)
    assert letter.original_value == value[:-1]
    assert letter.original_length == len(value)
    assert letter.original_sha256 == hashlib.sha256(value).hexdigest()
    assert letter.id != refused(value=value + b"z").id


@pytest.mark.parametrize(
    "changes",
    [
        {"key": b"k" * (MAX_BESIDE + 1)},
        {"headers": (("h", b"x" * MAX_BESIDE),)},
        {"headers": (("h" * (MAX_BESIDE + 1), None),)},
        {"key": b"k" * 5_000_000, "value": b"v" * 5_000_000, "headers": (("h", b"x" * 5_000),) * 1_000},
    ],
)
def test_whatever_is_refused_its_dead_letter_fits_into_the_topic(changes: dict[str, Any]) -> None:
    """And what is not whole carries a SHA-256: it cannot be put back."""
    letter = refused(**changes)
    assert letter.original_sha256 is not None
    assert len(Codec(DeadLetter, EmbeddedRegistry()).encode(letter)) < 1_000_000


def test_a_tombstone_stays_a_tombstone() -> None:
    letter = refused(value=None)
    assert (letter.original_value, letter.original_length) == (None, 0)
