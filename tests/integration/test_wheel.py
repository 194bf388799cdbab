"""What ships: the wheel, built from nothing but the files that the Dockerfile copies, is whole and runs."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("schemas", "runtime", "producer", "streams", "sinks", "operations")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as the Dockerfile builds it."""
    source = tmp_path_factory.mktemp("source")
    build_stage = (ROOT / "Dockerfile").read_text("utf-8").split("FROM python")[1]
    for line in re.findall(r"^COPY (.+)$", build_stage, flags=re.MULTILINE):
        for name in line.split()[:-1]:
            origin, target = ROOT / name, source / Path(name).name
            if origin.is_dir():
                shutil.copytree(origin, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(origin, target)
    built = tmp_path_factory.mktemp("dist")
    hatchling = Path(sys.executable).with_name("hatchling")
    subprocess.run([hatchling, "build", "-t", "wheel", "-d", str(built)], cwd=source, check=True, capture_output=True)
    return next(built.glob("*.whl"))


def test_the_wheel_holds_the_rooms_that_ship_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == set(ROOMS)


def test_every_data_file_of_the_rooms_ships(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    data = {
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.suffix in {".avsc", ".json", ".toml", ".sql"}
    }
    assert {name for name in data if name.startswith("schemas/avro/")}
    assert data <= names
    assert "operations/meterstream.example.toml" in names


def test_the_installed_wheel_checks_a_configuration(wheel: Path, tmp_path: Path) -> None:
    """From its own files, not from the checkout's."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    (tmp_path / "points.csv").write_text("metering_point\n735999100057526501\n", "utf-8")
    (tmp_path / "meterstream.toml").write_text(
        '[sources.hours]\nmapping = "oresundskraft"\nurl = "http://127.0.0.1:1"\ngranularity = "hour"\n'
        'points = "points.csv"\n',
        "utf-8",
    )
    shown = "import producer; print(producer.__file__)"
    for arguments in (["-c", shown], ["-m", "producer", "--check-config"], ["-m", "streams", "--check-config"]):
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={"PYTHONPATH": str(tmp_path / "installed")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        if "-c" in arguments:
            assert str(tmp_path) in done.stdout
        else:
            assert "the configuration is valid" in done.stdout
