"""Seeded randomness with random access: the same key and index give the same bits, in any order of asking."""

import hashlib

_MASK = (1 << 64) - 1


def seed_of(*parts: object) -> int:
    """64 bits for a name; the same in every process and version of Python."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def mix(number: int) -> int:
    """64 well-mixed bits of a number (the finaliser of splitmix64)."""
    number = (number + 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)
