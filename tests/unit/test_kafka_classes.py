"""The archive of a broker's classes is used where it is, and only there."""

from pathlib import Path

import pytest

from local.kafka_classes import archive, archive_options


def test_without_an_archive_java_is_told_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERSTREAM_CACHE", str(tmp_path))
    assert archive_options() == ()


def test_an_archive_is_used_but_never_insisted_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-Xshare:auto`: where it does not fit this Java or these jars, the broker starts without."""
    monkeypatch.setenv("METERSTREAM_CACHE", str(tmp_path))
    archive().parent.mkdir(parents=True)
    archive().touch()
    assert archive_options()[:2] == (f"-XX:SharedArchiveFile={archive()}", "-Xshare:auto")


def test_other_jars_have_another_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Java would refuse it: the paths are part of it."""
    here = archive()
    monkeypatch.setenv("METERSTREAM_CACHE", str(tmp_path))
    assert archive().name != here.name
