"""TLS before a PostgreSQL that has none: answers libpq's wish for it, and passes on what is inside.

What libpq does – whom it trusts, what it shows – is real; that the server checks client certificates is the front's.
"""

import socket
import ssl
import struct
import threading
from contextlib import suppress

_WISH_FOR_TLS = struct.pack(">II", 8, 80877103)
_PIECE = 1 << 16


class TlsFront:
    """Listens on loopback until closed; takes TLS connections only."""

    def __init__(self, target: int, context: ssl.SSLContext) -> None:
        """``target``: the server's port; ``context``: what is shown and whom it trusts, may be exchanged."""
        self.context = context
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Takes no more."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _serve(self) -> None:
        with suppress(OSError):  # of the listening socket: the end
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._pass, args=(connection,), daemon=True).start()

    def _pass(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if connection.recv(len(_WISH_FOR_TLS), socket.MSG_WAITALL) != _WISH_FOR_TLS:
                return
            connection.sendall(b"S")
            with (
                self.context.wrap_socket(connection, server_side=True) as guarded,
                socket.create_connection(("127.0.0.1", self._target)) as server,
            ):
                answering = threading.Thread(target=_pump, args=(server, guarded), daemon=True)
                answering.start()
                _pump(guarded, server)
                answering.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(_PIECE):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
