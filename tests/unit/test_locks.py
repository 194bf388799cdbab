"""The locks: every dependency pinned and hashed, no address in them, and no licence that binds what uses it."""

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "requirements"
LOCKS = ("build.lock", "dev.lock", "runtime.lock", "sbom.lock")
COPYLEFT = re.compile(r"(?<!L)(?<!Lesser )(?:AGPL|GPL|General Public License|SSPL|BUSL|Commons Clause)", re.IGNORECASE)
"""Of a library that is only used, the LGPL asks nothing of whoever uses it."""
NAMED = re.compile(r"MIT|BSD|Apache|PSF|Python Software|MPL|Mozilla|LGPL|Lesser|ISC|Zlib|Repoze", re.IGNORECASE)


def requirements(lock: str) -> dict[str, str]:
    """Package and condition to the rest of each entry: version and hashes."""
    entries = (FOLDER / lock).read_text("utf-8").replace("\\\n", " ").splitlines()
    return {entry.split("==")[0]: entry for entry in entries if entry and not entry.startswith("#")}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_and_hashed(lock: str) -> None:
    entries = requirements(lock)
    assert entries
    for entry in entries.values():
        assert re.fullmatch(r"[\w.\[\],-]+==[\w.+!]+( ; [^#]+?)?( +--hash=sha256:[0-9a-f]{64})+ *", entry), entry[:80]


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_holds_an_address(lock: str) -> None:
    assert "://" not in (FOLDER / lock).read_text("utf-8")


@pytest.mark.parametrize("lock", ["runtime.lock", "sbom.lock"])
def test_what_the_image_is_made_of_is_what_was_tested(lock: str) -> None:
    tested = requirements("dev.lock")
    for name, entry in requirements(lock).items():
        assert entry.split(" --hash")[0].split(" ;")[0].strip() in tested[name]


def licences(package: str) -> str:
    """What a package says of its licence."""
    about = metadata(package)
    classifiers = [line for line in about.get_all("Classifier", []) if line.startswith("License")]
    written = [*about.get_all("License-Expression", []), *about.get_all("License", [])]
    return " | ".join([*(line[:200] for line in written), *classifiers])


@pytest.mark.parametrize("name", requirements("runtime.lock"))
def test_nothing_ships_under_a_licence_that_binds_what_uses_it(name: str) -> None:
    package = name.split("[")[0]
    try:
        said = licences(package)
    except PackageNotFoundError:
        assert " ; " in requirements("runtime.lock")[name], "not installed, though it is for every machine"
        return
    assert NAMED.search(said), said
    assert not COPYLEFT.search(said), said
