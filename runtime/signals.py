"""Signals, heard in a thread of their own: SIGTERM and SIGINT, or others."""

import os
import signal
import threading
from collections.abc import Callable, Sequence
from types import FrameType

HEARD = (signal.SIGTERM, signal.SIGINT)


class SignalListener:
    """Calls a function for each signal, in a thread of its own.

    Python runs a signal handler between two instructions of the main thread, whatever locks that holds: setting an
    event or logging there can deadlock, or fail in a half-written line. So the handler only writes to a pipe.
    """

    def __init__(self, call: Callable[[signal.Signals], object], heard: Sequence[signal.Signals] = HEARD) -> None:
        """Begins to listen; from the main thread only."""
        self._call = call
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._before = {number: signal.signal(number, self._handle) for number in heard}
        self._thread = threading.Thread(target=self._listen, name="signals", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends listening: signals do again what they did before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._write)
        self._thread.join()
        os.close(self._read)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        os.write(self._write, bytes((number,)))

    def _listen(self) -> None:
        while heard := os.read(self._read, 1):
            self._call(signal.Signals(heard[0]))
