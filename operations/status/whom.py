"""Which processes are asked: those of a list such as Prometheus has, and those named one by one."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec

from operations.grouped_options import grouped
from operations.status.processes import ProcessState, TargetGroup, addresses, ask, workers_of
from runtime.errors import ConfigError
from runtime.settings.tree import Settings

AT_ONCE = 16


@dataclass(frozen=True)
class Whom:
    """As a person names them. ``targets``: a file that stands in for the settings' own."""

    one_by_one: tuple[str, ...] = ()
    targets: Path | None = None

    def addresses(self, settings: Settings) -> list[str]:
        """Every address once, in order of name.

        Raises:
            ConfigError: the file of targets cannot be read.
        """
        file = self.targets or settings.metrics.targets
        listed = [] if file is None else _listed(file)
        return list(dict.fromkeys([*listed, *self.one_by_one]))


whom_options = grouped(
    "whom",
    Whom,
    {
        "targets": click.option(
            "--targets",
            type=click.Path(path_type=Path, dir_okay=False),
            help="A file that lists the processes to ask, as Prometheus' file_sd_configs. [default: metrics.targets]",
        ),
        "one_by_one": click.option(
            "--metrics",
            "one_by_one",
            multiple=True,
            metavar="URL",
            help="Ask this process too, and the workers that it supervises; may be repeated.",
        ),
    },
)


def states(whom: Sequence[str]) -> tuple[ProcessState, ...]:
    """Asks all of them at once, and then the workers of those that supervise some."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        first = list(pool.map(ask, whom))
        known = {state.address for state in first}
        found = [address for workers in pool.map(workers_of, first) for address in workers]
        return (*first, *pool.map(ask, dict.fromkeys(address for address in found if address not in known)))


def _listed(file: Path) -> list[str]:
    try:
        return [*addresses(msgspec.json.decode(file.read_bytes(), type=list[TargetGroup]))]
    except OSError as error:
        raise ConfigError(
            [f"{file}: cannot be read: {error.strerror}; name another with --targets, or set metrics.targets"]
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        example = '[{"targets": ["127.0.0.1:9464"]}]'
        raise ConfigError([f"{file}: not a list of targets ({error}); it should look like {example}"]) from None
