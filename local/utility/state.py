"""What a restarted utility must know to go on with its world: the anchor, the tick, and whether it is quiet."""

import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import msgspec


@dataclass(frozen=True, slots=True)
class WorldState:
    """A moment of a world. `fingerprint` names its settings: another world must not go on from it."""

    fingerprint: str
    anchor: datetime
    tick: int = 0
    quiet: bool = False


class StateFile:
    """One world state in a file, replaced as a whole, so that a kill leaves the old one or the new one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, fresh: WorldState) -> WorldState:
        """The stored state, or `fresh` when there is none. Raises ValueError for another world's."""
        if not self._path.exists():
            return fresh
        stored = msgspec.json.decode(self._path.read_bytes(), type=WorldState)
        if stored.fingerprint != fresh.fingerprint:
            raise ValueError(f"{self._path}: belongs to a world with other settings: use them, or move it away")
        return stored

    def save(self, state: WorldState) -> None:
        """Store a state before anything of it is shown."""
        temporary = self._path.with_name(self._path.name + ".new")
        temporary.write_bytes(msgspec.json.encode(asdict(state)))
        os.replace(temporary, self._path)  # noqa: PTH105 - one atomic call, named as such
