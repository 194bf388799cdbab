"""Which processes are asked: those of a list such as Prometheus has, and those named one by one."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import click
import msgspec

from operations.grouped_options import grouped
from operations.status.processes import ProcessState, TargetGroup, ask, workers_of
from runtime.errors import ConfigError
from runtime.settings.tree import Settings

AT_ONCE = 16
PROCESS, WORKER = "process", "sink"


@dataclass(frozen=True)
class Whom:
    """As a person names them. ``targets``: a file that stands in for the settings' own."""

    one_by_one: tuple[str, ...] = ()
    targets: Path | None = None

    def addresses(self, settings: Settings) -> dict[str, str]:
        """Every address once, and of which job it is: what a list says; of those named one by one ``process``.

        Raises:
            ConfigError: the file of targets cannot be read.
        """
        file = self.targets or settings.metrics.targets
        return dict.fromkeys(self.one_by_one, PROCESS) | ({} if file is None else _listed(file))


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


def states(whom: Mapping[str, str]) -> tuple[ProcessState, ...]:
    """Asks all of them at once, and then the workers of those that supervise some."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        first = list(pool.map(ask, whom, whom.values()))
        known = {state.address for state in first}
        found = [address for workers in pool.map(workers_of, first) for address in workers]
        others = [address for address in dict.fromkeys(found) if address not in known]
        return (*first, *pool.map(ask, others, repeat(WORKER)))


def _listed(file: Path) -> dict[str, str]:
    try:
        groups = msgspec.json.decode(file.read_bytes(), type=list[TargetGroup])
        return {address: group.labels.get("job", PROCESS) for group in groups for address in group.addresses()}
    except OSError as error:
        raise ConfigError(
            [f"{file}: cannot be read: {error.strerror}; name another with --targets, or set metrics.targets"]
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        example = '[{"targets": ["127.0.0.1:9464"]}]'
        raise ConfigError([f"{file}: not a list of targets ({error}); it should look like {example}"]) from None
