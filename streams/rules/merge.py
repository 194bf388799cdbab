"""Deduplication: which of two contents of one identity is current."""

from streams.rules.entry import Entry


def merge(known: Entry | None, arrived: Entry) -> Entry | None:
    """What is to be remembered of an identity now; None: what is known stays exactly as it is.

    The larger version wins, whatever the order of arrival. A duplicate (equal content) moves the known version
    forward: the result then has the known content, ``brought`` as it was and ``seen`` of the arrived one.
    """
    if known is None:
        return arrived
    if known.same_content(arrived):
        return known.seen_again(arrived.seen) if arrived.seen > known.seen else None
    if arrived.seen != known.seen:
        return arrived if arrived.seen > known.seen else None
    return arrived if arrived.version() > known.version() else None
