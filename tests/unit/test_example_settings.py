"""meterstream.example.toml is complete, valid, and shows the true defaults."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from runtime.settings.load import load
from runtime.settings.momentum_api import MomentumApiSettings
from runtime.settings.secret import Secret
from runtime.settings.security import OAuthSettings, SaslSettings, TlsSettings
from runtime.settings.system import KafkaSettings
from runtime.settings.tree import Settings

EXAMPLE = Path(__file__).resolve().parents[2] / "meterstream.example.toml"
SECRETS = dict.fromkeys(
    ("METERSTREAM_UTILITY_KEY", "METERSTREAM_VITEC_DSN", "METERSTREAM_REGISTRY_PASSWORD", "METERSTREAM_LOG_KEY"), "text"
)
ALL = ("sources", "receivers")
ONE_OF_TWO = {
    "receivers.vitec.path",
    "receivers.vitec.momentum_api",
    "receivers.momentum.dsn",
    "sources.oresundskraft-hours.folder",
}
"""Of a receiver's two addresses its database decides which is set; a source has one of two."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("points-hours.csv", "receiver-vitec.csv", "receiver-momentum.csv"):
        (tmp_path / name).write_text("metering_point,category\n735999100057526501,\n", "utf-8")
    return tmp_path


def loaded(text: str, folder: Path) -> Settings:
    (folder / "meterstream.toml").write_text(text, "utf-8")
    return load(folder / "meterstream.toml", SECRETS, ALL)


def uncommented() -> str:
    return re.sub(r"^#(?=[a-z_]+ = )", "", EXAMPLE.read_text("utf-8"), flags=re.MULTILINE)


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, BaseModel, str]]:
    """Every setting below a group: its path, the group that holds it, its name in there."""
    items = (
        node.items() if isinstance(node, dict) else ((name, getattr(node, name)) for name in type(node).model_fields)
    )
    for name, value in items:
        below = f"{path}.{name}".lstrip(".")
        groups = isinstance(value, dict) and value and all(isinstance(one, BaseModel) for one in value.values())
        if groups or (isinstance(value, BaseModel) and name != "auth"):
            yield from leaves(value, below)
        else:
            yield below, node, name


def test_the_example_is_valid_as_it_stands(folder: Path) -> None:
    settings = loaded(EXAMPLE.read_text("utf-8"), folder)
    assert set(settings.receivers) == {"vitec", "momentum"}


def test_every_setting_is_in_the_example(folder: Path) -> None:
    settings = loaded(uncommented(), folder)
    missing = {
        path
        for path, group, name in leaves(settings)
        if name not in group.model_fields_set
        and not path.startswith(
            (
                "receivers.momentum.",
                "receivers.vitec.test",
                "kafka.tls.",
                "kafka.sasl.",
                "sources.oresundskraft-hours.tls.",
            )
        )
    }
    assert missing - ONE_OF_TWO == set()


def test_every_setting_of_a_guarded_kafka_is_in_the_example() -> None:
    """They exclude each other, and the default, so they stand there as comments."""
    comments = re.findall(r"^# ?((?:\[kafka\.|[a-z_]+ = ).*)$", EXAMPLE.read_text("utf-8"), flags=re.MULTILINE)
    first = next(number for number, line in enumerate(comments) if line.startswith("[kafka.tls]"))
    last = next(number for number, line in enumerate(comments) if line.startswith("timeout") and number > first)
    shown = tomllib.loads("\n".join(comments[first : last + 1]))["kafka"]
    oauth = shown["sasl"].pop("oauth")
    assert set(shown["tls"]) == set(TlsSettings.model_fields)
    assert {*shown["sasl"], "oauth"} == set(SaslSettings.model_fields)
    assert set(oauth) == set(OAuthSettings.model_fields)
    for sasl in (shown["sasl"], {"mechanism": "OAUTHBEARER", "oauth": oauth}):
        kafka = KafkaSettings.model_validate({"security_protocol": "SASL_SSL", "tls": shown["tls"], "sasl": sasl})
        assert kafka.tls.check_hostname == TlsSettings().check_hostname


def test_every_setting_of_a_guarded_source_is_in_the_example() -> None:
    """Its files are not there in every folder, so they stand there as comments."""
    section = EXAMPLE.read_text("utf-8").split("# [sources.oresundskraft-hours.tls]")[1].split("\n\n")[0]
    shown = tomllib.loads("\n".join(line.removeprefix("# ") for line in section.splitlines()[1:]))
    assert set(shown) == set(TlsSettings.model_fields)


def test_every_setting_of_momentum_s_api_is_in_the_example() -> None:
    """Its secret is not there in every environment, so it stands there as a comment."""
    section = EXAMPLE.read_text("utf-8").split("# [receivers.momentum.momentum_api]")[1]
    shown = tomllib.loads("\n".join(line.removeprefix("# ") for line in section.splitlines()[1:]))
    assert set(shown) == set(MomentumApiSettings.model_fields)
    api = MomentumApiSettings.model_validate(shown)
    needed = {name: shown[name] for name in ("url", "token_url", "client_id", "client_secret", "scope", "ca_file")}
    assert api == MomentumApiSettings.model_validate(needed)


def test_the_defaults_it_shows_are_true(folder: Path) -> None:
    settings = loaded(uncommented(), folder)
    for path, group, name in leaves(settings):
        default = type(group).model_fields[name].get_default(call_default_factory=True, validated_data={})
        value = getattr(group, name)
        if (
            default is not None
            and not isinstance(value, Secret)
            and name != "auth"
            and "PydanticUndefined" not in repr(default)
        ):
            assert value == default, path
