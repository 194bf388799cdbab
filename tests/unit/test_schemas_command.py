"""`meterstream schemas register`: whether a registry takes this release's schemas, before its processes start."""

from pathlib import Path

from click.testing import CliRunner, Result

from operations.command import main
from schemas.registry import NAMES, EmbeddedRegistry
from tests.stub_registry import StubRegistry


def register(folder: Path, text: str) -> Result:
    config = folder / "meterstream.toml"
    config.write_text(text, "utf-8")
    return CliRunner().invoke(main, ["--config", str(config), "schemas", "register"])


def test_every_schema_is_registered_and_its_id_said(tmp_path: Path) -> None:
    with StubRegistry() as registry:
        done = register(tmp_path, f'[registry]\nurl = "{registry.url}"\n')
        again = register(tmp_path, f'[registry]\nurl = "{registry.url}"\n')
    assert done.exit_code == 0, done.output
    assert [line.split()[1] for line in done.stdout.splitlines()] == [f"meterstream.{name}" for name in NAMES]
    assert again.stdout == done.stdout


def test_a_schema_that_is_refused_ends_with_2(tmp_path: Path) -> None:
    with StubRegistry() as registry:
        registry.fails_with = (409, {"error_code": 409, "message": "incompatible"})
        done = register(tmp_path, f'[registry]\nurl = "{registry.url}"\n')
    assert done.exit_code == 2
    assert "refuses the schema of subject meterstream.Reading" in done.stderr


def test_without_a_registry_the_ids_that_ship_are_listed(tmp_path: Path) -> None:
    done = register(tmp_path, "")
    assert done.stdout.split()[0] == str(EmbeddedRegistry().id_of("Reading"))
