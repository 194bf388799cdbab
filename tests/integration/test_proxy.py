"""The proxy does what it is told to do wrong: each trouble, on plain sockets."""

import socket
import socketserver
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from local.network import Network
from local.process import ServiceError
from local.proxy import Trouble
from local.wire import KafkaWire, PostgresWire

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
PATIENCE = 20.0


class Echo(socketserver.BaseRequestHandler):
    """Answers with what it is told; remembers all of it."""

    def handle(self) -> None:
        server = self.server
        assert isinstance(server, EchoServer)
        while data := self.request.recv(1 << 16):
            with server.changed:
                server.heard += data
                server.changed.notify_all()
            self.request.sendall(data)


class EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Echo)
        self.heard = b""
        self.changed = threading.Condition()

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that was reset is what these tests are about."""

    def has_heard(self, data: bytes) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: data in self.heard, PATIENCE)


@pytest.fixture
def server() -> Iterator[EchoServer]:
    with EchoServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def network() -> Iterator[Network]:
    with Network() as network:
        yield network


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), PATIENCE)


def echoed(client: socket.socket, data: bytes) -> bytes:
    """Says something; what is answered, as far as it comes before the connection ends."""
    client.sendall(data)
    answer = b""
    while len(answer) < len(data):
        piece = client.recv(1 << 16)
        if not piece:
            break
        answer += piece
    return answer


def frame(key: int, number: int, size: int = 40) -> bytes:
    """A Kafka request of so many bytes in all."""
    return struct.pack(">ihhi", size - 4, key, 3, number) + bytes(size - 12)


def test_without_trouble_everything_passes_unchanged(network: Network, server: EchoServer) -> None:
    data = bytes(range(256)) * 4_000
    with connected(network.add("way", server.server_address[1])) as client:
        sender = threading.Thread(target=client.sendall, args=(data,))
        sender.start()
        answer = b""
        while len(answer) < len(data):
            answer += client.recv(1 << 16)
        sender.join()
    assert answer == data


def test_a_cut_resets_what_stands_and_refuses_what_comes_until_it_is_healed(
    network: Network, server: EchoServer
) -> None:
    port = network.add("way", server.server_address[1])
    with connected(port) as client:
        assert echoed(client, b"before") == b"before"
        with network.troubled(["way"], Trouble(cut=True)) as strikes:
            with pytest.raises(ConnectionResetError):
                client.recv(1)
            with pytest.raises(ConnectionRefusedError):
                connected(port)
            assert strikes.count == 1
    with connected(port) as client:
        assert echoed(client, b"after") == b"after"


def test_where_two_cuts_overlap_the_second_healing_counts(network: Network, server: EchoServer) -> None:
    port = network.add("way", server.server_address[1])
    with network.troubled(["way"], Trouble(cut=True)):
        with network.troubled(["way"], Trouble(cut=True)):
            pass
        with pytest.raises(ConnectionRefusedError):
            connected(port)
    with connected(port) as client:
        assert echoed(client, b"after") == b"after"


def test_what_is_late_comes_late_and_whole(network: Network, server: EchoServer) -> None:
    with connected(network.add("way", server.server_address[1])) as client:
        echoed(client, b"before")
        with network.troubled(["way"], Trouble(latency=0.2)) as strikes:
            started = time.monotonic()
            assert echoed(client, b"late") == b"late"
            assert time.monotonic() - started >= 0.4
            assert strikes.count == 2


def test_a_narrow_way_takes_its_time(network: Network, server: EchoServer) -> None:
    with connected(network.add("way", server.server_address[1])) as client:
        echoed(client, b"before")
        with network.troubled(["way"], Trouble(bandwidth=20_000.0)):
            started = time.monotonic()
            assert echoed(client, bytes(6_000)) == bytes(6_000)
            assert time.monotonic() - started >= 0.3


def test_a_connection_is_reset_in_the_middle_of_a_message(network: Network, server: EchoServer) -> None:
    port = network.add("way", server.server_address[1])
    with connected(port) as client, network.troubled(["way"], Trouble(reset_after=1_300)) as strikes:
        client.sendall(bytes(1_000))
        answer = b""
        with pytest.raises(ConnectionResetError):
            while True:
                answer += client.recv(1 << 16)
        assert len(answer) == 300
        assert strikes.count == 1


def test_a_silent_way_swallows_and_says_nothing_until_it_is_healed(network: Network, server: EchoServer) -> None:
    port = network.add("way", server.server_address[1])
    with connected(port) as client:
        echoed(client, b"before")
        with network.troubled(["way"], Trouble(silent=True)) as strikes, connected(port) as newcomer:
            for one in (client, newcomer):
                one.sendall(b"swallowed")
                one.settimeout(0.3)
                with pytest.raises(TimeoutError):
                    one.recv(1)
                one.settimeout(PATIENCE)
            assert strikes.count == 2
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    with connected(port) as client:
        assert echoed(client, b"after") == b"after"
    assert b"swallowed" not in server.heard


def test_a_commit_reaches_the_server_and_its_answer_is_lost(network: Network, server: EchoServer) -> None:
    port = network.add("way", server.server_address[1], PostgresWire)
    with connected(port) as client, network.troubled(["way"], Trouble(unanswered=("COMMIT",))) as strikes:
        assert echoed(client, b"something else") == b"something else"
        client.sendall(COMMIT[:5])
        assert client.recv(5, socket.MSG_WAITALL) == COMMIT[:5]
        client.sendall(COMMIT[5:])
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        assert server.has_heard(COMMIT)
        assert strikes.count == 1


def test_of_kafkas_requests_only_the_one_that_is_named_loses_its_answer(network: Network, server: EchoServer) -> None:
    """The echoed request has its correlation id where an answer has another field, so the echo is cut to fit."""
    wire = KafkaWire()
    asked = wire.asked(frame(0, 7) + frame(26, 8)[:20])
    assert [(request.name, request.number) for request in asked] == [("Produce", 7)]
    assert [request.name for request in wire.asked(frame(26, 8)[20:])] == ["EndTxn"]
    answers = struct.pack(">ii", 30, 7) + bytes(26) + struct.pack(">ii", 4, 8)
    assert [number for at in range(len(answers)) for number in wire.answered(answers[at : at + 1])] == [7, 8]


def test_a_way_to_nothing_resets(network: Network) -> None:
    with socket.socket() as nothing:
        nothing.bind(("127.0.0.1", 0))
        port = network.add("way", nothing.getsockname()[1])
        with pytest.raises(ConnectionResetError), connected(port) as client:
            client.recv(1)


def test_trouble_on_a_way_that_is_not_there_is_an_error(network: Network) -> None:
    with pytest.raises(ServiceError, match="no such routes: way"), network.troubled(["way"], Trouble(cut=True)):
        pass
    with pytest.raises(ServiceError, match="none named"), network.troubled([], Trouble(cut=True)):
        pass
