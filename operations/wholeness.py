"""Whether the readings of an epoch are all there: each that was ever written, under its own offset."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from operations.progress import Progress, TopicEnds
from producer.memory import decode, read_key
from schemas.keys import partition_of
from streams.marker import Marker


def missing(readings: TopicEnds, found: Progress, markers: Mapping[int, Marker]) -> Iterator[str]:
    """What shows that readings are gone; nothing, where they are whole.

    Args:
        readings: their topic.
        found: how far streams is.
        markers: what streams noted at the end of its state, by partition.
    """
    if not readings.present:
        yield f"topic {readings.name} does not exist"
    for number, end in readings.ends.items():
        where, begin = f"{readings.name} partition {number}", readings.starts[number]
        marker = markers.get(number)
        if begin > 0:
            yield f"{where}: its first {begin} readings were removed"
        if marker and marker.readings_id not in (None, readings.id):
            yield f"{where}: its topic was made anew since streams read it"
            continue
        read = max(found.streams.positions[number] or 0, marker.next_offset if marker else 0)
        if read > end:
            yield (
                f"{where}: {read} readings have been read, but the log ends at {end}: its topic was emptied or made "
                "anew"
            )


def forgotten(readings: TopicEnds, memories: Mapping[bytes, bytes]) -> Iterator[str]:
    """What the producer remembers to have written and is not there; nothing, where all is.

    Args:
        readings: their topic.
        memories: the records of the polls topic, the newest per key.
    """
    written: dict[int, int] = defaultdict(int)
    for key, value in memories.items():
        names = read_key(key)
        if names and readings.present:
            number = partition_of(names[1], len(readings.ends))
            written[number] = max(written[number], decode(value).readings_next)
    for number, count in sorted(written.items()):
        if count > readings.ends[number]:
            yield (
                f"{readings.name} partition {number}: the producer has written {count} readings, but the log ends at "
                f"{readings.ends[number]}: its topic was emptied or made anew"
            )
