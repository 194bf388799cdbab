"""Dead letters of the producer, mapped anew with today's settings: what an operator puts back."""

from dataclasses import dataclass, field

import msgspec

from producer import surrogates
from producer.line import Line
from producer.points import Point
from producer.readings import Asked, ReadingMapper
from producer.refusals import TOPIC
from producer.response import Message, cut_down, read_message
from runtime.dead_letters import Context, Original, dead_letter
from runtime.errors import Poison
from schemas.events import DeadLetter, Reading
from schemas.keys import point_key
from schemas.reasons import Reason, Stage


@dataclass
class MappedAnew:
    """What a dead letter comes to now. ``letters``: of the readings in a whole message that cannot be used."""

    readings: list[Reading] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)


class Mapper:
    """Maps the dead letters of one source."""

    def __init__(self, line: Line) -> None:
        """``line``: the source with all of its points."""
        self._feed = line.feed
        self._points = {point.metering_point: point for point in line.points}
        self._mapper = ReadingMapper(line.feed)

    def point(self, letter: DeadLetter) -> Point | None:
        """The metering point that was asked for; None: it is no longer among the source's."""
        return self._points.get((letter.original_key or b"").decode(errors="replace"))

    def map(self, letter: DeadLetter, point: Point, fetched_at: int) -> MappedAnew:
        """Its readings as of the moment when they were asked for, so that they never beat a newer answer.

        Raises:
            Poison: it would be a dead letter again; the reason may be another one now.
        """
        message = self._message(surrogates.mask(letter.original_value or b""), point)
        asked = Asked(point, message.customer_number or self._feed.settings.customer_number, fetched_at)
        mapped = MappedAnew()
        for raw in message.readings:
            try:
                mapped.readings.append(self._mapper.map(raw, asked).reading)
            except Poison as error:
                if len(message.readings) == 1:
                    raise
                mapped.letters.append(self._letter(message, raw, error, asked))
        return mapped

    def _message(self, json: bytes, point: Point) -> Message:
        try:
            return read_message(json, self._feed.mapping.fields, point.metering_point, alone=False)
        except msgspec.DecodeError as error:
            raise Poison(Reason.UNREADABLE_MESSAGE, "not JSON") from error

    def _letter(self, message: Message, raw: bytes, error: Poison, asked: Asked) -> DeadLetter:
        return dead_letter(
            Original(TOPIC, cut_down(message, self._feed.mapping.fields, raw), point_key(asked.point.metering_point)),
            Context(Stage.PRODUCER, self._feed.name, fetched_at=asked.fetched_at),
            error.reason,
            error.detail,
        )
