"""The `meterstream` command: what a person does to the running system.

Each group of commands has a file of its own; a new one is added to the list below.
"""

import logging

import click

from operations import chaos, config, dead_letters, plan, reprocess, schemas, state, topics
from operations.invocation import Commands, config_option
from operations.observe.command import observe
from operations.receivers.command import receivers
from operations.status.command import status
from operations.status.top import top


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="meterstream")
@config_option
def main() -> None:
    r"""Looks after a meterstream system: its topics, its settings, its state.

    \b
    Exit codes: 0 done · 1 you said no, or `status`: not healthy · 2 the settings or the cluster are not as they must be
    · 70 anything else, such as a Kafka that does not answer.
    """
    logging.getLogger().addHandler(logging.NullHandler())  # the clients' own log lines would say errors twice


for group in (
    topics.topics,
    schemas.schemas,
    state.state,
    receivers,
    dead_letters.dead_letters,
    status,
    top,
    config.config,
    reprocess.reprocess,
    chaos.chaos,
    plan.plan_command,
    observe,
):
    main.add_command(group)

if __name__ == "__main__":
    main()
