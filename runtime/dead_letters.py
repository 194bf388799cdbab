"""Dead letters: what cannot be used, kept whole and put where a person finds it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from schemas import instants
from schemas.events import DeadLetter, Header
from schemas.reasons import Reason, Stage

MAX_ORIGINAL = 512 * 1024
"""Longer values are cut; then they carry their length and SHA-256 and cannot be put back."""

MAX_BESIDE = 64 * 1024
"""The same for the key, and for all headers together: a dead letter must fit into its topic, whatever is refused."""


@dataclass(frozen=True)
class Original:
    """What was refused, untouched, and where it stood (topic "http" at the producer)."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    partition: int | None = None
    offset: int | None = None
    headers: Sequence[tuple[str, bytes | None]] = ()


@dataclass(frozen=True)
class Context:
    """Whose trouble it is: the stage, and the source or the receiver where one is known."""

    stage: Stage
    source: str | None = None
    receiver: str | None = None
    fetched_at: int | None = None


def dead_letter(
    original: Original, context: Context, reason: Reason, detail: str, *, identity: bytes | None = None
) -> DeadLetter:
    """One sighting of something that cannot be used.

    Args:
        original: what was refused.
        context: whose trouble it is.
        reason: its code.
        detail: what is wrong and where, without values.
        identity: what makes two sightings the same; default: the original's key and value.
    """
    value, key = original.value or b"", original.key or b""
    headers = _headers(original)
    whole = len(value) <= MAX_ORIGINAL and len(key) <= MAX_BESIDE and len(headers) == len(original.headers)
    return DeadLetter(
        id=_id(context, original, identity),
        stage=context.stage,
        reason=reason,
        detail=detail,
        source=context.source,
        receiver=context.receiver,
        topic=original.topic,
        partition=original.partition,
        offset=original.offset,
        original_key=None if original.key is None else key[:MAX_BESIDE],
        original_value=None if original.value is None else value[:MAX_ORIGINAL],
        original_headers=headers,
        original_length=len(value),
        original_sha256=None if whole else hashlib.sha256(value).hexdigest(),
        fetched_at=context.fetched_at,
        seen_at=instants.now(),
    )


def _headers(original: Original) -> tuple[Header, ...]:
    """The first headers, as many as are kept."""
    kept, room = [], MAX_BESIDE
    for name, content in original.headers:
        room -= len(name.encode()) + len(content or b"")
        if room < 0:
            break
        kept.append(Header(name, content))
    return tuple(kept)


def _id(context: Context, original: Original, identity: bytes | None) -> str:
    """Hash of stage (and receiver) and original: the same thing refused twice has the same id.

    An original at the producer does not name its source as records do, and two feeds may say the very same.
    """
    digest = hashlib.blake2b(digest_size=16)
    parts = (identity,) if identity is not None else (original.key, original.value)
    if context.stage == Stage.PRODUCER:
        parts = ((context.source or "").encode(), *parts)
    for part in (context.stage.encode(), (context.receiver or "").encode(), *parts):
        digest.update(b"-" if part is None else b"%d:%s" % (len(part), part))
    return digest.hexdigest()
