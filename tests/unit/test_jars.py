"""The lock and the cache of the broker's jars, without network."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from local import jars
from local.jars import Jar, JarError

CONTENT = b"what a jar holds"
JAR = Jar("org.example", "broker", "1.0", hashlib.sha256(CONTENT).hexdigest())
OTHER = replace(JAR, artifact="clients")


class Repository:
    """Stands in for the remote repository: gives `content`, after `failures` interrupted attempts."""

    def __init__(self, content: bytes = CONTENT, failures: int = 0) -> None:
        self.content = content
        self.failures = failures
        self.asked: list[str] = []

    def __call__(self, jar: Jar, place: Path) -> Path:
        self.asked.append(jar.artifact)
        file = jar.path(place)
        file.parent.mkdir(parents=True)
        if len(self.asked) <= self.failures:
            file.write_bytes(self.content[:3])
            raise OSError("interrupted")
        file.write_bytes(self.content)
        return file


def cached(jar: Jar, cache: Path, content: bytes = CONTENT) -> Path:
    jar.path(cache).parent.mkdir(parents=True)
    jar.path(cache).write_bytes(content)
    return jar.path(cache)


def test_the_shipped_lock_pins_one_version_of_broker_and_clients() -> None:
    versions = {jar.artifact: jar.version for jar in jars.read_lock() if jar.group == "org.apache.kafka"}
    assert versions["kafka_2.13"] == "4.4.0"
    assert set(versions.values()) == {"4.4.0"}


def test_the_shipped_lock_names_each_artifact_once_and_holds_no_address() -> None:
    names = [(jar.group, jar.artifact) for jar in jars.read_lock()]
    assert len(names) == len(set(names)) == 45
    assert "/" not in jars.LOCK.read_text(encoding="utf-8")


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    jars.write_lock([JAR, OTHER], tmp_path / "jars.lock")
    assert jars.read_lock(tmp_path / "jars.lock") == (JAR, OTHER)


@pytest.mark.parametrize(
    "line",
    [
        f"org.example:broker {JAR.sha256}",
        f"org.example::1.0 {JAR.sha256}",
        "org.example:broker:1.0",
        "org.example:broker:1.0 " + JAR.sha256[:-1],
        "org.example:broker:1.0 " + JAR.sha256.upper(),
    ],
)
def test_a_malformed_line_is_refused_and_shown(tmp_path: Path, line: str) -> None:
    lock = tmp_path / "jars.lock"
    lock.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(JarError, match=r"org\.example"):
        jars.read_lock(lock)


@pytest.mark.parametrize("text", [None, "", "# only a comment\n"])
def test_a_missing_or_empty_lock_names_the_command_that_writes_it(tmp_path: Path, text: str | None) -> None:
    lock = tmp_path / "jars.lock"
    if text is not None:
        lock.write_text(text, encoding="utf-8")
    with pytest.raises(JarError, match=r"python -m local\.jars lock"):
        jars.read_lock(lock)


def test_a_complete_cache_is_used_without_asking_the_repository(tmp_path: Path) -> None:
    file = cached(JAR, tmp_path)
    repository = Repository()
    assert jars.fetch([JAR], tmp_path, repository) == [file]
    assert repository.asked == []


def test_only_what_is_missing_is_fetched(tmp_path: Path) -> None:
    cached(JAR, tmp_path)
    repository = Repository()
    assert jars.fetch([JAR, OTHER], tmp_path, repository) == [JAR.path(tmp_path), OTHER.path(tmp_path)]
    assert repository.asked == ["clients"]
    assert OTHER.path(tmp_path).read_bytes() == CONTENT


def test_an_altered_jar_is_an_error_that_names_the_file_and_the_remedy(tmp_path: Path) -> None:
    file = cached(JAR, tmp_path, b"something else")
    with pytest.raises(JarError, match=r"altered.*delete these files.*local\.jars fetch") as caught:
        jars.fetch([JAR], tmp_path, Repository())
    assert str(file) in str(caught.value)
    assert file.read_bytes() == b"something else", "evidence is not removed"


def test_every_missing_jar_is_named_with_the_command_that_fetches(tmp_path: Path) -> None:
    with pytest.raises(JarError, match=r"broker:1\.0, .*clients:1\.0.*local\.jars fetch"):
        jars.classpath([JAR, OTHER], tmp_path)


def test_what_arrives_with_another_checksum_never_reaches_the_cache(tmp_path: Path) -> None:
    with pytest.raises(JarError, match="not used"):
        jars.fetch([JAR], tmp_path, Repository(b"forged"))
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_download_is_tried_again(tmp_path: Path) -> None:
    repository = Repository(failures=1)
    jars.fetch([JAR], tmp_path, repository)
    assert repository.asked == ["broker", "broker"]
    assert JAR.path(tmp_path).read_bytes() == CONTENT


def test_a_jar_that_cannot_be_fetched_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(JarError, match=r"broker:1\.0 cannot be fetched \(OSError, 3 attempts\)"):
        jars.fetch([JAR], tmp_path, Repository(failures=99))
    assert list(tmp_path.iterdir()) == []


def test_the_cache_can_lie_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("METERSTREAM_CACHE", str(tmp_path))
    assert jars.cache_directory() == tmp_path / "jars"
    monkeypatch.delenv("METERSTREAM_CACHE")
    assert jars.cache_directory().parts[-2:] == (".cache", "jars")


def test_the_command_says_what_is_wrong_and_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = jars.read_lock()[0]
    for jar in jars.read_lock():
        cached(jar, tmp_path / "jars", b"altered")
    monkeypatch.setenv("METERSTREAM_CACHE", str(tmp_path))
    assert jars.main(["fetch"]) == 1
    assert first.artifact in capsys.readouterr().err
