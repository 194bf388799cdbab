"""What every command has in common: the settings file, and how expected errors become lines and exit codes."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from runtime.errors import ConfigError, MeterstreamError
from runtime.process import DEFAULT_CONFIG, report
from runtime.settings.load import load, load_apart
from runtime.settings.tree import Settings

_CONFIG, _CHECK = f"{__name__}.config", f"{__name__}.check"

F = TypeVar("F", bound=Callable[..., Any])


class Commands(click.Group):
    """A group whose commands end on an expected error with a line and the error's exit code, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            report(error)
            ctx.exit(error.exit_code)
        except MeterstreamError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(error.exit_code)


def config_option(command: F) -> F:
    """``--config FILE`` and ``--check-config``, before or after a command's name; ``settings`` finds them."""
    check = click.option(
        "--check-config",
        is_flag=True,
        expose_value=False,
        callback=_remember_check,
        help="Check the settings, report every problem, and end.",
    )
    option = click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        default=None,
        expose_value=False,
        callback=_remember,
        help="The settings file (default: meterstream.toml where it exists).",
    )
    return option(check(command))


def _remember(context: click.Context, parameter: click.Parameter, value: Path | None) -> None:
    if value is not None:
        context.find_root().meta[_CONFIG] = value


def _remember_check(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        context.find_root().meta[_CHECK] = True


def file() -> Path | None:
    """The settings file of this invocation; None: defaults and environment only."""
    given: Path | None = click.get_current_context().find_root().meta.get(_CONFIG)
    return given or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)


def settings(needs: Sequence[str] = ()) -> Settings:
    """The settings of this invocation; with ``--check-config`` the command ends here.

    Args:
        needs: see :func:`runtime.settings.load.load`.

    Raises:
        ConfigError: every problem found.
    """
    return _unless_only_checked(load(file(), os.environ, needs))


def settings_for(receiver: str) -> Settings:
    """The same for a command that is for one receiver: what is wrong with others does not keep it from its work.

    Raises:
        ConfigError: what is wrong with this one, or with what concerns all.
    """
    apart = load_apart(file(), os.environ)
    if receiver in apart.wrong:
        raise ConfigError(apart.wrong[receiver])
    return _unless_only_checked(apart.settings)


def _unless_only_checked(found: Settings) -> Settings:
    context = click.get_current_context()
    if context.find_root().meta.get(_CHECK):
        click.echo("the configuration is valid")
        context.exit(0)
    return found
