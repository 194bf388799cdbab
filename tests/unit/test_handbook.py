"""The operator's handbook, its pages, and the messages that lead to it speak of what there is."""

import re
from pathlib import Path

import click
import pytest

from operations.command import main
from runtime import mends

DOCS = Path(__file__).resolve().parents[2] / "docs"
HANDBOOK = (DOCS / "operations.md").read_text("utf-8")
PAGES = ["operations.md", "dead-letters.md", "status.md"]
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


def text_of(page: str) -> str:
    return (DOCS / page).read_text("utf-8")


@pytest.mark.parametrize("text", [*map(text_of, PAGES), *MENDS], ids=[*PAGES, "rebuild", "epoch", "refill", "switch"])
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


@pytest.mark.parametrize("page", PAGES)
def test_the_links_lead_somewhere(page: str) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", text_of(page)):
        file, _, anchor = link.partition("#")
        there = DOCS / file if file else DOCS / page
        assert there.exists(), link
        assert not anchor or anchor in anchors(there.read_text("utf-8")), link


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_no_heading_stands_twice() -> None:
    assert len(set(HEADINGS)) == len(HEADINGS)


def test_every_section_is_in_the_table_at_the_top_or_below_one_that_is() -> None:
    """Who is called at night finds it from there."""
    top, _, rest = HANDBOOK.partition("\n## ")
    links = set(re.findall(r"\(#([a-z-]+)\)", top)) | set(re.findall(r"\(#([a-z0-9-]+)\)", rest))
    sections = re.findall(r"^## (.+)$", HANDBOOK, flags=re.MULTILINE)
    assert {next(iter(anchors(f"# {section}"))) for section in sections} <= links
