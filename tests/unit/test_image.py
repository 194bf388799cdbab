"""The image: what it copies is there, what it installs is locked, who it runs as; and hadolint has nothing to say."""

import json
import re
import subprocess
import sys
import venv
from pathlib import Path

from tests.compose import COMPOSE, OURS, ROOT, SERVICES

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
INSTRUCTIONS = DOCKERFILE.replace("\\\n", " ")
FINAL = INSTRUCTIONS.split(" AS runtime\n")[1]


def test_every_file_the_image_copies_is_there_and_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, flags=re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert copied
    for source in copied:
        assert (ROOT / source).exists(), source
        assert any(source == one or source.startswith(f"{one}/") for one in kept), f"{source} is ignored"


def test_every_volume_is_writable_by_the_user_of_the_image() -> None:
    """A new volume takes the owner of the directory that it is mounted over."""
    made = re.search(r"install -d -o meterstream -g meterstream (.+)", DOCKERFILE)
    assert made
    for name in OURS:
        for volume in SERVICES[name].get("volumes", []):
            source, place, *mode = volume.split(":")
            if source in COMPOSE["volumes"] and mode != ["ro"]:
                assert place in made[1].split(), volume


def test_the_image_runs_without_root_and_holds_no_secret() -> None:
    assert re.findall(r"^USER (.+)$", DOCKERFILE, flags=re.MULTILINE) == ["10001:10001"]
    assert DOCKERFILE.index("USER 10001") < DOCKERFILE.index("FROM runtime AS trial")
    assert not re.search(r"(?i)(password|secret|key)\s*=", DOCKERFILE)


def test_the_image_installs_what_the_locks_hold_and_nothing_else() -> None:
    installs = re.findall(r"pip --python \S+ install ([^\\&\n]+)", DOCKERFILE)
    assert len(installs) == DOCKERFILE.count(" install --no-cache-dir") == 4
    for options in installs:
        assert "--require-hashes -r " in options or "--no-deps --no-index dist/*.whl" in options


def test_nothing_of_the_build_is_left_in_the_image_but_what_runs() -> None:
    assert re.findall(r"^COPY --from=(.+)$", FINAL, flags=re.MULTILINE) == ["build /opt/meterstream /opt/meterstream"]
    assert "pip" not in FINAL


def test_the_image_says_what_it_is() -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), flags=re.MULTILINE)
    assert version
    assert f"ARG VERSION={version[1]}\n" in FINAL
    for label in ("title", "description", "version", "revision", "created"):
        assert f'org.opencontainers.image.{label}="' in FINAL


def test_the_command_that_lists_what_the_image_holds_works(tmp_path: Path) -> None:
    """As in the Dockerfile, for an environment that holds nothing: a full one takes a quarter of a minute."""
    written = re.search(r"/opt/sbom/bin/(cyclonedx-py .+?) --output-file", INSTRUCTIONS)
    assert written
    venv.create(tmp_path / "empty")
    command = [str(Path(sys.executable).with_name("cyclonedx-py")), *written[1].split()[1:]]
    file = tmp_path / "sbom.json"
    whose = tmp_path / "empty" / "bin" / "python"
    subprocess.run([*command, "--output-file", str(file), str(whose)], cwd=ROOT, check=True, capture_output=True)
    found = json.loads(file.read_bytes())
    assert found["bomFormat"] == "CycloneDX"
    assert found["metadata"]["component"]["name"] == "meterstream"


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
