"""A worker of a receiver of files that is killed: writes corrections for ever, and makes a drop whenever it may."""

import sys
from itertools import count
from pathlib import Path

from runtime.settings.receiver import FilesSettings
from schemas.exact import ONE
from tests.drops import Clock, Workplace
from tests.sink_rows import value

IDENTITIES = 40
AT_ONCE = 25


def main(folder: Path) -> None:
    """Works until it is killed."""
    place = Workplace(folder, Clock(), FilesSettings(rows=30))
    worker = place.start()
    for first in count(worker.positions[0], AT_ONCE):
        place.clock.seconds += 60
        worker.write(
            *(
                value(sequence, reading_at=(sequence * 7) % IDENTITIES, value=sequence * ONE)
                for sequence in range(first, first + AT_ONCE)
            )
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
