"""``verify``: what a receiver holds beside what the feed says it must hold."""

import click

from operations.invocation import config_option
from operations.paper import paper
from operations.proof.difference_tables import as_json, counted, spelled_out
from operations.proof.verification import Verification
from operations.proof.verification import verify as verification
from operations.receivers.stages import choose, stage_option
from runtime.settings.receiver import Stage

NOT_EQUAL = 2
"""The exit code of a comparison that finds differences."""


@click.command()
@config_option
@click.argument("name")
@stage_option
@click.option("--show", default=20, show_default=True, type=click.IntRange(0), help="So many differences at most.")
@click.option("--json", "as_text", is_flag=True, help="Print one JSON object instead of tables.")
@click.pass_context
def verify(context: click.Context, name: str, stage: Stage, show: int, as_text: bool) -> None:
    """Reads back what a receiver holds and compares it with the feed, row by row and field by field.

    The feed is read up to where the receiver's worker was when its rows were read: the verdict is exact although both
    go on. Ends with 0 where they are equal, with 2 where they are not.
    """
    found = verification(choose(name, stage), show)
    if as_text:
        click.echo(as_json(found))
    else:
        _print(found)
    context.exit(0 if found.verdict == "equal" else NOT_EQUAL)


def _print(found: Verification) -> None:
    console = paper()
    rows = ("rows", "equal", "missing", "extra", "different", "refused", "unmapped", "unsettled")
    title = f"{found.receiver}, epoch {found.epoch}, as of {found.at}"
    console.print(counted(title, {name: getattr(found, name) for name in rows}))
    for table in spelled_out(found.fields, found.first, ("the feed says", "the receiver has")):
        console.print(table)
    for layout in found.layouts:
        counts = {name: getattr(layout, name) for name in ("equal", "missing", "extra")}
        console.print(counted(f"Layout {layout.layout}: {layout.view}", counts))
        for line in layout.first:
            console.print(line, markup=False)
    if found.behind:
        console.print(f"The worker had {found.behind:,} records still to read; the verdict says nothing of them.")
    console.print(f"{found.receiver} is {'equal to' if found.verdict == 'equal' else 'NOT equal to'} the feed.")
