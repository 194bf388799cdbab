"""Python loads this at its start where it stands on the path: a stage then says of each file that it opens to write.

For what the processes write where nothing may be written: their root is read-only in the containers. Said on standard
error, as ``WRITES path``. Only what Python itself opens is seen, SQLite's file too.
"""

import os
import sys

STAGES = ("producer", "streams", "sinks")
_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.link", "os.symlink", "sqlite3.connect", "tempfile.mkstemp")


def _watch(event: str, details: tuple[object, ...]) -> None:
    if event == "open":
        path, _, flags = details
        if not isinstance(flags, int) or not flags & _TO_WRITE or isinstance(path, int) or path == os.devnull:
            return
    elif event in _CHANGES:
        path = details[0]
    else:
        return
    os.write(2, f"WRITES {path}\n".encode())


if any(sys.orig_argv[1:3] == ["-m", stage] for stage in STAGES):
    sys.addaudithook(_watch)
