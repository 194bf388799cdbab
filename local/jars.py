"""The Kafka broker's jars: exactly those of jars.lock, cached, each checked by its SHA-256.

    python -m local.jars fetch    brings what the cache lacks (43 MiB the first time); later starts need no network
    python -m local.jars lock     resolves ROOTS anew and writes jars.lock: after a change of ROOTS, by a developer

The cache is `.cache/jars` in the checkout; METERSTREAM_CACHE names another directory in place of `.cache`.
A line of the lock is `group:artifact:version sha256`; it holds no address. jgo knows where to fetch from.
"""

import argparse
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from runtime.errors import MeterstreamError

# kafka-clients is named besides the broker because jgo's own mediation would choose an older one.
# The last is the broker's log output, which the broker's own closure lacks; "!": its bill of materials,
# which would lower other versions, is not followed.
ROOTS = (
    "org.apache.kafka:kafka_2.13:4.4.0",
    "org.apache.kafka:kafka-clients:4.4.0",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5!",
)
LOCK = Path(__file__).with_name("jars.lock")
LOCK_HEADER = "# The broker's jars. Written by `python -m local.jars lock`; do not edit.\n"
THREADS = 8
ATTEMPTS = 3
TIMEOUT_SECONDS = 60


class JarError(MeterstreamError):
    """A jar is missing, altered or cannot be fetched; the message says which and what to do."""


@dataclass(frozen=True, order=True)
class Jar:
    """One line of the lock: Maven coordinates and the lower-case hexadecimal SHA-256 of the file."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def coordinates(self) -> str:
        """The `group:artifact:version` of messages and of the lock."""
        return f"{self.group}:{self.artifact}:{self.version}"

    def path(self, cache: Path) -> Path:
        """Where the jar lies below a cache directory (Maven's own layout)."""
        name = f"{self.artifact}-{self.version}.jar"
        return cache.joinpath(*self.group.split("."), self.artifact, self.version, name)


Download = Callable[[Jar, Path], Path]
"""Fetches one jar below a directory and returns its path; OSError or RuntimeError if it cannot."""


def cache_directory() -> Path:
    """The directory of the jars; it need not exist yet."""
    default = Path(__file__).resolve().parent.parent / ".cache"
    return Path(os.environ.get("METERSTREAM_CACHE") or default).absolute() / "jars"


def read_lock(lock: Path = LOCK) -> tuple[Jar, ...]:
    """Reads a lock.

    Raises:
        JarError: The file is missing, empty, or a line has another form.
    """
    if not lock.is_file():
        raise JarError(f"{lock} is missing; write it with: python -m local.jars lock")
    lines = lock.read_text(encoding="utf-8").splitlines()
    jars = tuple(_parse(line, lock) for line in lines if line and not line.startswith("#"))
    if not jars:
        raise JarError(f"{lock} names no jar; write it with: python -m local.jars lock")
    return jars


def _parse(line: str, lock: Path) -> Jar:
    coordinates, _, sha256 = line.partition(" ")
    parts = coordinates.split(":")
    if len(parts) != 3 or not all(parts) or len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
        raise JarError(f"{lock}: not `group:artifact:version sha256`: {line!r}")
    return Jar(parts[0], parts[1], parts[2], sha256)


def classpath(jars: Sequence[Jar], cache: Path) -> list[Path]:
    """The checked files of `jars` in the cache. Never uses the network.

    Raises:
        JarError: Names every jar that is missing or altered.
    """
    missing = [jar.coordinates for jar in jars if not jar.path(cache).is_file()]
    if missing:
        raise JarError(f"not in {cache}: {', '.join(missing)}; fetch with: python -m local.jars fetch")
    altered = [str(jar.path(cache)) for jar in jars if sha256_of(jar.path(cache)) != jar.sha256]
    if altered:
        raise JarError(
            f"altered, the SHA-256 is not the one in {LOCK.name}: {', '.join(altered)}; "
            "delete these files, then: python -m local.jars fetch"
        )
    return [jar.path(cache) for jar in jars]


def fetch(jars: Sequence[Jar], cache: Path, download: Download | None = None) -> list[Path]:
    """Brings what the cache lacks, then returns the checked files of all jars.

    A file gets its place in the cache only whole and checked, by a rename: an interruption or a second process at
    the same time does no harm. Without anything lacking, the network is not used.

    Raises:
        JarError: A jar cannot be fetched, arrived with another checksum, or was altered in the cache.
    """
    lacking = [jar for jar in jars if not jar.path(cache).is_file()]
    if lacking:
        cache.mkdir(parents=True, exist_ok=True)
        staged = tempfile.TemporaryDirectory(dir=cache, prefix=".fetching-")
        with staged as staging, ThreadPoolExecutor(THREADS) as pool:
            bring = download or _download
            list(pool.map(lambda jar: _bring(jar, cache, Path(staging), bring), lacking))
    return classpath(jars, cache)


def _bring(jar: Jar, cache: Path, staging: Path, download: Download) -> None:
    arrived = _try_download(jar, staging, download)
    found = sha256_of(arrived)
    if found != jar.sha256:
        raise JarError(f"{jar.coordinates} arrived with SHA-256 {found}, {LOCK.name} says {jar.sha256}: not used")
    jar.path(cache).parent.mkdir(parents=True, exist_ok=True)
    arrived.replace(jar.path(cache))


def _try_download(jar: Jar, staging: Path, download: Download) -> Path:
    for attempt in range(1, ATTEMPTS + 1):
        place = staging / f"{jar.artifact}-{attempt}"  # what an attempt left half-written is not looked at again
        try:
            return download(jar, place)
        except (OSError, RuntimeError) as error:
            failure = error
        if attempt < ATTEMPTS:
            time.sleep(attempt * 0.5)
    raise JarError(
        f"{jar.coordinates} cannot be fetched ({type(failure).__name__}, {ATTEMPTS} attempts); "
        "is Maven Central reachable from here?"
    ) from failure


def _download(jar: Jar, place: Path) -> Path:
    # Imported here: half a second, and a start from the cache does not need it.
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=place, timeout=TIMEOUT_SECONDS)
    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    return Path(artifact.resolve())


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file, lower-case hexadecimal."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def resolve_roots(cache: Path) -> tuple[Jar, ...]:
    """Resolves the runtime closure of ROOTS from the network, with the checksums of what arrives, sorted."""
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=cache, timeout=TIMEOUT_SECONDS)
    roots, others = context.resolver.resolve([context.create_dependency(root) for root in ROOTS])
    artifacts = [dependency.artifact for dependency in (*roots, *others)]
    with ThreadPoolExecutor(THREADS) as pool:
        sums = list(pool.map(lambda artifact: sha256_of(artifact.resolve()), artifacts))
    pairs = zip(artifacts, sums, strict=True)
    return tuple(sorted(Jar(jar.groupId, jar.artifactId, jar.version, sha256) for jar, sha256 in pairs))


def write_lock(jars: Sequence[Jar], lock: Path = LOCK) -> None:
    """Writes a lock that `read_lock` reads."""
    lines = [f"{jar.coordinates} {jar.sha256}\n" for jar in jars]
    lock.write_text(LOCK_HEADER + "".join(lines), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.jars", description="The Kafka broker's jars.")
    parser.add_argument("what", choices=["fetch", "lock"], help="fill the cache, or write jars.lock anew")
    if parser.parse_args(arguments).what == "lock":
        scratch = Path(tempfile.mkdtemp(prefix="meterstream-jars-"))
        try:
            write_lock(resolve_roots(scratch))
        finally:
            shutil.rmtree(scratch)
        print(f"{len(read_lock())} jars in {LOCK}")
        return 0
    try:
        files = fetch(read_lock(), cache_directory())
    except JarError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(files)} jars, checked, in {cache_directory()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
