"""Hostile utilities over real HTTP: bombs, bodies and headers without end, answers that trickle. Memory is measured."""

import asyncio
import gzip
import json
import sys
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.client import retry_after

ROOT = Path(__file__).resolve().parents[2]
MOST_GROWTH = 800.0
"""MiB for eight answers at once; each may take twice the 32 of limits.max_body_bytes, and the pieces under way."""
LARGE = 100 << 20
ZEROS = b"[" + b"0," * (LARGE // 2)

Writing = Callable[[asyncio.StreamWriter], AsyncIterator[bytes]]


def whole(*pieces: bytes) -> Writing:
    async def write(_writer: asyncio.StreamWriter) -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return write


def for_ever(*pieces: bytes, pause: float = 0.0) -> Writing:
    """The pieces, then the last of them again and again."""

    async def write(_writer: asyncio.StreamWriter) -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece
        while True:
            yield pieces[-1]
            await asyncio.sleep(pause)

    return write


def compressed(encoding: str, data: bytes) -> Writing:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(data)}\r\n\r\n"
    return whole(head.encode(), data)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNK = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
TOO_LARGE = "larger than 33554432 bytes"
NO_ANSWER = "no whole answer"
HOSTILE = {
    "gzip bomb": (compressed("gzip", gzip.compress(ZEROS)), TOO_LARGE),
    "deflate bomb": (compressed("deflate", zlib.compress(ZEROS)), TOO_LARGE),
    "gzip in gzip": (compressed("gzip, gzip", gzip.compress(gzip.compress(ZEROS))), ""),
    "many gzip members": (compressed("gzip", gzip.compress(b" " * (1 << 20)) * 100), TOO_LARGE),
    "broken gzip": (compressed("gzip", b"\x1f\x8b" + b"\xff" * 1_000), NO_ANSWER),
    "a plain body of 100 MB": (
        whole(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE, *[bytes(1 << 20)] * 100),
        TOO_LARGE,
    ),
    "a chunked body without end": (for_ever(CHUNKED, CHUNK), TOO_LARGE),
    "a chunked body of single bytes": (for_ever(CHUNKED, b"1\r\n \r\n", pause=0.01), NO_ANSWER),
    "a chunk of no size": (whole(CHUNKED, b"fffffffffffffffffff\r\n"), NO_ANSWER),
    "a header without end": (for_ever(b"HTTP/1.1 200 OK\r\nX-A: ", b"a" * 65_536), NO_ANSWER),
    "headers without end": (for_ever(b"HTTP/1.1 200 OK\r\n", b"X-A: aaaaaaaaaaaaaaaaaaaaaaa\r\n" * 100), NO_ANSWER),
    "interim answers without end": (for_ever(b"HTTP/1.1 102 Processing\r\n\r\n"), NO_ANSWER),
    "a body that trickles": (
        for_ever(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", b" ", pause=0.2),
        NO_ANSWER,
    ),
    "headers that trickle": (for_ever(b"HTTP/1.1 200 OK\r\n", b"X", pause=0.2), NO_ANSWER),
    "silence": (whole(), NO_ANSWER),
    "no HTTP": (for_ever(b"\x00\xff" * 1_000), NO_ANSWER),
}


@asynccontextmanager
async def serving(write: Writing) -> AsyncIterator[str]:
    """The address of a server that answers each request so, and keeps the connection until the client goes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            async for piece in write(writer):
                writer.write(piece)
                await writer.drain()
            await reader.read()
        except OSError:
            pass  # the client has gone: what it was meant to do
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


SLOW = ("trickle", "without end", "silence", "single bytes")


@pytest.mark.parametrize("group", ["large", "slow"])
async def test_hostile_answers_are_given_up_in_bounded_memory(group: str) -> None:
    """In time, too: the test would not end otherwise."""
    kinds = [kind for kind in HOSTILE if (group == "slow") == any(word in kind for word in SLOW)]
    assert len(kinds) > 5
    async with AsyncExitStack() as stack:
        urls = {await stack.enter_async_context(serving(HOSTILE[kind][0])): kind for kind in kinds}
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.hostile_fetch", *urls),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await child.communicate()
    assert child.returncode == 0, errors.decode()[-2_000:]
    found = json.loads(output)
    said = {kind: found["outcomes"][url] for url, kind in urls.items()}
    assert {kind: outcome for kind, outcome in said.items() if HOSTILE[kind][1] not in outcome} == {}
    assert found["grown"] < MOST_GROWTH, found


@given(
    st.text(max_size=60) | st.from_regex(r"(Mon, )?[0-9]{1,4} [A-Z][a-z]{2} [0-9]{1,6} [0-9:]{0,9} [-+A-Z0-9]{0,30}")
)
def test_any_retry_after_is_seconds_within_the_bound_or_none(header: str) -> None:
    wait = retry_after({"Retry-After": header}, 600.0)
    assert wait is None or 0 <= wait <= 600


@pytest.mark.parametrize(
    "header", ["9" * 5_000, "Mon, 01 Jan 2020 00:00:00 +" + "9" * 30, "Mon, 01 Jan 9999 23:59:59 -2359"]
)
def test_a_retry_after_beyond_all_bounds_does_no_harm(header: str) -> None:
    wait = retry_after({"Retry-After": header}, 600.0)
    assert wait is None or 0 <= wait <= 600
