"""``layouts``: what a receiving system can be shown; the files to copy and change, and the SQL they become."""

from pathlib import Path

import click

from runtime.settings.receiver import PolicySettings
from sinks.layouts import layout_statements, load, shipped, text_of
from sinks.layouts.statements import DIALECTS

ZONE = "+01:00"


@click.command()
@click.option("--show", metavar="NAME", help="Print the file of a layout that ships.")
@click.option("--sql", metavar="NAME", help="Print the views of a layout: one that ships, or the path of a file.")
@click.option(
    "--database", type=click.Choice(sorted(DIALECTS)), default="postgresql", show_default=True, help="In its SQL."
)
@click.option("--zone", default=ZONE, show_default=True, help="The receiver's, in the SQL.")
def layouts(show: str | None, sql: str | None, database: str, zone: str) -> None:
    r"""Lists the layouts that ship.

    To make one of your own: copy a file, change it, and name its path in the receiver's settings.

    \b
        meterstream receivers layouts --show vitec > ours.toml
        meterstream receivers layouts --sql ./ours.toml --database mariadb
    """
    if show:
        click.echo(text_of(show), nl=False)
    elif sql:
        (layout,) = load([sql], Path(), PolicySettings(), zone)
        for statement in layout_statements(layout, database):
            click.echo(f"{statement};")
    else:
        for layout in load(shipped(), Path(), PolicySettings(), zone):
            click.echo(f"{layout.name}: {layout.file.about}")
            click.echo(f"    {layout.view} ({', '.join(layout.columns)})")
