"""Which points the sources ask the utility for."""

from operations.points.feed_findings import Polled
from producer.points import Shard, load_points
from runtime.settings.tree import Settings
from schemas.events import Granularity

EVERY = Shard(1, 1)


def read(settings: Settings) -> Polled:
    """From the points files of the configured sources, as far as they stand on this machine.

    Raises:
        ConfigError: one has mistakes.
    """
    found: dict[str, set[Granularity]] = {}
    sources = [source for source in settings.sources.values() if source.points.exists()]
    for source in sources:
        for point in load_points(source.points, EVERY):
            found.setdefault(point.metering_point, set()).add(source.granularity)
    return Polled(
        {point: frozenset(some) for point, some in found.items()},
        known=bool(sources) and len(sources) == len(settings.sources),
    )
