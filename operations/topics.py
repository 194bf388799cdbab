"""`meterstream topics`: the topics of the configured epoch."""

from collections.abc import Collection, Iterable

import click

from operations import rights
from operations.invocation import Commands, config_option, settings
from runtime import topic_admin
from runtime.errors import ConfigError


@click.group(cls=Commands)
def topics() -> None:
    """The topics of the configured epoch."""


@topics.command()
@config_option
def create() -> None:
    """Creates the topics that are missing; alters none. Ends with 2 where an existing one is not as it must be."""
    configured = settings()
    done = topic_admin.create(configured)
    for name in done.created:
        click.echo(f"created  {name}")
    for name in done.present:
        click.echo(f"present  {name}")
    if problems := topic_admin.verify(configured, done.present) if done.present else []:
        raise ConfigError(problems)


@topics.command()
@config_option
def verify() -> None:
    """Compares the topics with the settings. Ends with 2 and a line for each difference: what, and how to mend it."""
    problems = topic_admin.verify(settings())
    if problems:
        raise ConfigError(problems)
    click.echo("every topic is as it must be")


@topics.command()
@config_option
@click.option("--principal", "given", multiple=True, metavar="ROLE=NAME", help="As streams=User:CN=streams; repeated.")
def acls(given: tuple[str, ...]) -> None:
    """Prints the commands that give each process its rights in Kafka, and none beyond. Asks nobody, changes nothing.

    A role without --principal is given to User:meterstream-ROLE.
    """
    configured = settings()
    for line in rights.commands(configured, _principals(given, rights.rights(configured))):
        click.echo(line)


def _principals(given: Iterable[str], roles: Collection[str]) -> dict[str, str]:
    found = dict(each.partition("=")[::2] for each in given)
    problems = [
        f"--principal {role}={name}: write ROLE=NAME; the roles are {', '.join(roles)}"
        for role, name in found.items()
        if role not in roles or ":" not in name
    ]
    if problems:
        raise ConfigError(problems)
    return found
