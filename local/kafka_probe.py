"""Questions to a broker on loopback that need no client: whether it answers, and how many brokers it knows."""

import socket
import struct

API_VERSIONS, METADATA = 18, 3
_CORRELATION = 1


def answers(port: int, within: float = 1.0) -> bool:
    """Whether a Kafka broker on a port of 127.0.0.1 answers an ApiVersions request without error."""
    answer = _ask(port, struct.pack(">hhih", API_VERSIONS, 0, _CORRELATION, -1), 2, within)
    return answer is not None and struct.unpack(">h", answer) == (0,)


def brokers_in_service(port: int, within: float = 1.0) -> int:
    """How many brokers of its cluster a broker on a port of 127.0.0.1 knows to be in service; 0: it does not answer."""
    answer = _ask(port, struct.pack(">hhihi", METADATA, 1, _CORRELATION, -1, 0), 4, within)  # about no topics
    return 0 if answer is None else int(struct.unpack(">i", answer)[0])


def _ask(port: int, request: bytes, wanted: int, within: float) -> bytes | None:
    """The first bytes of the answer behind its correlation id; None: there is no such answer in time."""
    try:
        with socket.create_connection(("127.0.0.1", port), within) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            head = connection.recv(8 + wanted, socket.MSG_WAITALL)
    except OSError:
        return None
    if len(head) < 8 + wanted or struct.unpack(">i", head[4:8]) != (_CORRELATION,):
        return None
    return head[8:]
