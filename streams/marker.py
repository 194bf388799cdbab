"""The marker: one record per state partition that says what the state should be; written in each transaction."""

from dataclasses import dataclass

import msgspec

MARKER_KEY: bytes = b"marker"
"""Its key; the keys of data are JSON arrays, so it is none of them."""


@dataclass(frozen=True)
class Marker:
    """What a worker must find when it opens a partition."""

    epoch: str
    next_offset: int
    """The first offset of the readings partition that the state does not contain."""
    live_keys: int
    """Keys of data with a value (the marker is not counted), after the marker's own transaction."""
    history: str
    """``Rules.history_text``."""
    readings_id: str | None = None
    """The topic's id: offsets mean nothing in one that was made anew. None: written before ids were kept."""
    values_id: str | None = None
    """The same of the values topic: one that was made anew does not hold what the state says was published."""

    def encode(self) -> bytes:
        """JSON, for people who look at the topic."""
        return _encode(self)

    @classmethod
    def decode(cls, data: bytes) -> "Marker":
        """The inverse of :meth:`encode`.

        Raises:
            ValueError: the bytes are no marker.
        """
        try:
            return _decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"not a marker of the state topic: {error}") from error


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Marker).decode
