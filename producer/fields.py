"""The fields of readings that are written as nearly all are: read all at once, at a third of the cost of one by one."""

from collections.abc import Sequence
from typing import Any

import msgspec

from producer.mapping import FieldNames


class Usual(msgspec.Struct, gc=False):
    """The fields of a reading that has no others, and whose texts are strings; nothing is checked beyond that."""

    delivery_category: str
    unit: str
    consumption: msgspec.Raw
    reading_date: str
    reading_method: str | None = None
    reading_reason: str | None = None


class UsualReader:
    """Reads the readings of one mapping."""

    def __init__(self, names: FieldNames) -> None:
        """Makes decoders for these names; none where two fields share one."""
        own = {field: str(getattr(names, field)) for field in Usual.__struct_fields__}
        self._all: msgspec.json.Decoder[list[Usual]] | None = None
        if len(set(own.values())) == len(own):
            fields: list[Any] = [(field, Usual.__annotations__[field]) for field in own]
            fields[-2:] = [(*field, None) for field in fields[-2:]]
            usual: Any = msgspec.defstruct("Usual", fields, bases=(Usual,), rename=own, forbid_unknown_fields=True)
            self._all = msgspec.json.Decoder(list[usual])

    def read(self, readings: Sequence[bytes]) -> list[Usual | None]:
        """The fields of each reading, given as JSON; None: it is none of the usual ones."""
        if self._all is None:
            return [None] * len(readings)
        try:
            return [*self._all.decode(b"[%b]" % b",".join(readings))]
        except (msgspec.ValidationError, RecursionError):
            return [None] if len(readings) == 1 else [usual for one in readings for usual in self.read([one])]
