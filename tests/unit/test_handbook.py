"""The operator's handbook and the messages that lead to it speak of what there is."""

import re
from pathlib import Path

import click
import pytest

from operations.command import main
from runtime import mends

DOCS = Path(__file__).resolve().parents[2] / "docs"
HANDBOOK = (DOCS / "operations.md").read_text("utf-8")
HEADINGS = re.findall(r"^#+ (.+)$", HANDBOOK, flags=re.MULTILINE)
MENDS = [mends.REBUILD_STATE, mends.NEW_EPOCH, mends.REFILL, mends.SWITCH]


def exists(words: list[str]) -> bool:
    """Whether the `meterstream` command has this one below it."""
    command: click.Command | None = main
    for word in words:
        if isinstance(command, click.Command) and not isinstance(command, click.Group) and command.params:
            return any(isinstance(parameter, click.Argument) for parameter in command.params)
        command = command.commands.get(word) if isinstance(command, click.Group) else None
    return command is not None and not isinstance(command, click.Group)


@pytest.mark.parametrize("text", [HANDBOOK, *MENDS], ids=["handbook", "rebuild", "epoch", "refill", "switch"])
def test_the_commands_that_are_named_exist(text: str) -> None:
    named = re.findall(r"(?:`|: |^)meterstream ((?:[a-z]+(?:-[a-z]+)* ?)+)", text)
    assert named
    for words in named:
        assert exists(words.split()), words


@pytest.mark.parametrize("mend", MENDS)
def test_a_mend_names_a_heading_of_the_handbook(mend: str) -> None:
    found = re.search(r"\(docs/operations.md: (.+)\)", mend)
    assert found is not None
    assert found[1] in HEADINGS


def test_the_handbook_s_links_lead_somewhere() -> None:
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in HEADINGS}
    for link in re.findall(r"\]\(([^)]+)\)", HANDBOOK):
        assert link[1:] in anchors if link.startswith("#") else (DOCS / link).exists(), link
