"""The observer's fold of the dead letters says what `meterstream dead-letters` says, with less to remember."""

from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from operations.dead_letter_fold import Codecs, fold
from operations.observe.letters import Counts, OpenLetters
from schemas.codec import Codec
from schemas.events import DeadLetter, PutBack
from schemas.registry import EmbeddedRegistry
from tests.sample_events import letter, put_back

CODECS = Codecs(Codec(DeadLetter, EmbeddedRegistry()), Codec(PutBack, EmbeddedRegistry()))
IDS = ("no digits", "01" * 16)
ATTEMPTS = 2


@dataclass(frozen=True)
class Stored:
    """A record, as far as it is looked at."""

    offset: int
    value: bytes | None
    partition: int = 0


def stored(event: DeadLetter | PutBack, offset: int = 0) -> Stored:
    value = CODECS.letters.encode(event) if isinstance(event, DeadLetter) else CODECS.put_backs.encode(event)
    return Stored(offset, value)


sighted = st.builds(
    letter,
    id=st.sampled_from(IDS),
    stage=st.sampled_from(["streams", "sinks"]),
    reason=st.sampled_from(["wrong_key", "row_refused"]),
    fetched_at=st.sampled_from([None, 1]),
    seen_at=st.integers(0, 2),
)
done = st.builds(
    put_back,
    letter_id=st.sampled_from(IDS),
    sighting=st.integers(0, 2),
    result=st.sampled_from(["put_back", "refused_again"]),
)


@given(st.lists(st.tuples(sighted | done, st.booleans())))
def test_however_the_topics_grow_the_counts_are_those_of_the_whole(
    history: list[tuple[DeadLetter | PutBack, bool]],
) -> None:
    """What happens, in order, and whether the observer looks after it. Nobody puts back what has not been seen."""
    seen: set[str] = set()
    letters, done, watched = list[Stored](), list[Stored](), OpenLetters(CODECS)
    looked = (0, 0)
    for event, looks in history:
        if isinstance(event, DeadLetter):
            seen.add(event.id)
            letters.append(stored(event, len(letters)))
        elif event.letter_id in seen:
            done.append(stored(event))
        if looks:
            watched.see(letters[looked[0] :])
            watched.settle(done[looked[1] :])
            looked = len(letters), len(done)
    watched.see(letters[looked[0] :])
    watched.settle(done[looked[1] :])
    whole = fold(letters, done, CODECS).by_id.values()
    counts, kinds = (
        watched.counts(ATTEMPTS),
        {each.newest.id: (each.newest.stage, each.newest.reason) for each in whole},
    )
    for found, state in ((counts.open, "open"), (counts.parked, "parked")):
        expected = Counter(kinds[each.newest.id] for each in whole if each.state(ATTEMPTS) == state)
        assert found == dict.fromkeys(kinds.values(), 0) | expected
    for kind, oldest in counts.oldest.items():
        still_open = (each for each in whole if kinds[each.newest.id] == kind and each.state(ATTEMPTS) == "open")
        assert oldest == min(each.first_seen for each in still_open)


def test_whatever_stands_in_the_topic_there_are_few_kinds() -> None:
    letters = OpenLetters(CODECS)
    letters.see([stored(letter(id=f"{number:032x}", stage=f"{number}", reason=f"{number}")) for number in range(50)])
    letters.see([Stored(51, b"garbage"), Stored(52, None)])
    assert letters.counts(3).open == {("other", "other"): 50}
    assert letters.unreadable == 2


def test_what_the_topic_does_not_hold_any_more_is_forgotten() -> None:
    """Its last sighting counts; the first offset of a partition that nobody names is 0."""
    letters = OpenLetters(CODECS)
    letters.see(stored(letter(id=name), offset) for offset, name in enumerate(["aa", "bb", "aa"]))
    letters.forget_before({1: 9})
    assert letters.counts(3).open == {("streams", "undecodable_record"): 2}
    letters.forget_before({0: 2})
    assert letters.counts(3).open == {("streams", "undecodable_record"): 1}
    letters.forget_before({0: 3})
    assert letters.counts(3) == Counts({}, {}, {})
