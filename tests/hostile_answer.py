"""``python -m tests.hostile_answer MEGABYTES``: polls that meet hostile bodies, in a process of their own.

Prints one JSON object: what became of each, and by how many MiB the process grew at most in all.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from producer.response import Unreadable
from tests.polling import POINT, PollingRoom, feed

HEAD = f'{{"MeteringPoint":"{POINT}","ConsumptionReadings":['.encode()


def _filled(start: bytes, piece: bytes, end: bytes) -> Callable[[int], bytes]:
    return lambda size: start + piece * ((size - len(start) - len(end)) // len(piece)) + end


KINDS: Mapping[str, Callable[[int], bytes]] = {
    "empty readings": _filled(HEAD, b"{},", b"{}]}"),
    "numbers for readings": _filled(HEAD, b"7,", b"7]}"),
    "many keys": lambda size: b"{" + b",".join(b'"%d":0' % number for number in range(size // 11)) + b"}",
    "one key many times": _filled(b"{", b'"a":0,', b'"a":0}'),
    "deep lists": _filled(b"", b"[", b""),
    "deep objects": _filled(HEAD, b'{"a":', b""),
    "one long text": _filled(HEAD + b'{"Unit":"', b"x", b'"}]}'),
    "one long number": _filled(HEAD + b'{"Consumption":1', b"0", b"}]}"),
    "escapes": _filled(HEAD + b'{"Unit":"', b"\\n", b'\\ud800"}]}'),
    "backslashes": _filled(HEAD + b'{"Unit":"', b"\\\\", b'\\ud800"}]}'),
    "lone surrogates": _filled(HEAD + b'{"Unit":"', b"\\ud800", b'"}]}'),
    "spaces": _filled(b"", b" ", b"7"),
    "nothing but commas": _filled(b"[", b",", b"]"),
    "nothing but NULs": _filled(b"", b"\0", b""),
    "wide characters": _filled(HEAD + b'{"Unit":"', "\U0001f600".encode(), b'"}]}'),
    "lone surrogates, as many as are read": lambda size: HEAD + b'{"Unit":"' + b"\\ud800" * (size // 20) + b'"}]}',
}


def peak() -> float:
    """MiB that this process had at most. Not getrusage: what that says begins with the parent's."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not say")


def met(body: bytes) -> str:
    """What a poll makes of the body."""
    room = PollingRoom(feed(limits={"max_body_bytes": len(body)}))
    room.client.bodies[POINT] = body
    try:
        asyncio.run(room.poll())
    except Unreadable as error:
        return str(error)
    return f"{len(room.log.readings())} readings, {len(room.log.letters())} letters"


if __name__ == "__main__":
    size = int(sys.argv[1]) << 20
    before = peak()
    outcomes = {kind: met(make(size)) for kind, make in KINDS.items()}
    json.dump({"outcomes": outcomes, "grown": peak() - before}, sys.stdout)
