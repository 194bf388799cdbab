"""Laws of the settings: whatever a file and the environment hold, they are read or refused as documented, masked."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime.errors import ConfigError
from runtime.settings.load import PREFIX, load
from runtime.settings.tree import Settings

SECRET = "hunter2-7f31"
NEEDS = ("sources", "receivers", "streams")
EXAMPLE = (Path(__file__).resolve().parents[2] / "meterstream.example.toml").read_text("utf-8")
WORDS = sorted({*Settings.model_fields, "url", "auth", "type", "key", "dsn", "tls", "limits", "port", "env"})

names = st.sampled_from(WORDS) | st.text("abz_-.", min_size=1, max_size=6)
scalars = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.sampled_from([SECRET, "header", "postgresql", "https://x", "http://", "1", "", "/", "{}", "../.."])
    | st.text(st.characters(codec="utf-8"), max_size=8)
)
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=4), max_leaves=8
)
paths = st.lists(names, min_size=1, max_size=4).map(lambda parts: PREFIX + "__".join(parts).upper())
# Of what an environment can hold: no NUL, no "=" in a name.
environments = st.dictionaries(
    paths, st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8) | st.just(SECRET), max_size=4
)


def toml(value: Any) -> str:
    """A value as TOML writes it, inline."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{quoted(name)} = {toml(one)}" for name, one in value.items()) + "}"
    return quoted(str(value))


def quoted(text: str) -> str:
    escaped = "".join(f"\\U{ord(one):08x}" if not one.isalnum() or not one.isascii() else one for one in text)
    return f'"{escaped}"'


def judged(text: bytes, environment: Mapping[str, str]) -> None:
    """Read, or refused: every problem a line that names a place, and no secret in it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "meterstream.toml"
        file.write_bytes(text)
        try:
            found = load(file, environment, NEEDS)
        except ConfigError as error:
            assert error.problems
            assert SECRET not in str(error)
            return
    assert SECRET not in repr({name: value for name, value in vars(found).items() if name == "kafka"})


@given(st.dictionaries(names, trees, max_size=4), environments)
@settings(deadline=None)
@example({"kafka": {"bootstrap_servers": {}}}, {PREFIX + "KAFKA": SECRET})
@example({"sources": {"a": SECRET}}, {PREFIX + "SOURCES__A__AUTH__KEY": SECRET})
@example({}, {PREFIX + "KAFKA__ENV": SECRET})
@example({}, {PREFIX: SECRET, PREFIX + "__": SECRET, PREFIX + "KAFKA__": SECRET})
def test_any_tree_is_settings_or_a_list_of_problems(tree: dict[str, Any], environment: dict[str, str]) -> None:
    text = "\n".join(f"{quoted(name)} = {toml(value)}" for name, value in tree.items())
    judged(text.encode(), environment)


edits = st.tuples(st.integers(0, len(EXAMPLE) - 1), st.integers(0, 3), st.binary(max_size=3))


@given(st.lists(edits, min_size=1, max_size=4))
@settings(deadline=None)
def test_a_file_with_bytes_changed_is_settings_or_a_list_of_problems(changes: list[tuple[int, int, bytes]]) -> None:
    text = bytearray(EXAMPLE.encode())
    for place, removed, put in changes:
        text[place : place + removed] = put
    judged(bytes(text), {"METERSTREAM_UTILITY_KEY": SECRET, "METERSTREAM_VITEC_DSN": f"postgresql://u:{SECRET}@h/d"})


@given(st.binary(max_size=60))
@settings(deadline=None)
@example(b"a = " + b"[" * 5_000)
@example(b"\xff\xfe")
@example(b"a = " + b"9" * 5_000)
def test_any_bytes_are_settings_or_a_list_of_problems(text: bytes) -> None:
    judged(text, {})


def test_the_environment_of_this_process_is_no_exception() -> None:
    judged(b"", os.environ)
