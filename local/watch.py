"""Watching a running system: keeps its processes going and its screen fresh while waiting for something."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from local.scrape import Samples, scrape
from local.screen import Picture, Screen
from local.settings_file import RECEIVERS
from local.system import LocalSystem

TURN_SECONDS = 0.5


class NotInTime(Exception):
    """What was waited for did not come; the message says what and for how long."""


@dataclass
class Watch:
    """One look after another at a system. ``before``: the scrape with which the present phase began."""

    system: LocalSystem
    screen: Screen
    before: Samples = field(default_factory=Samples)

    def phase(self, name: str, until: Callable[[], bool], within: float) -> Picture:
        """Shows what flows until something is true.

        Raises:
            NotInTime: it was not true within so many seconds.
        """
        self.before = scrape(self.system.metrics())
        end = time.monotonic() + within
        while True:
            self.system.tick()
            picture = self.look(name)
            self.screen.show(picture)
            if until():
                return picture
            if time.monotonic() > end:
                raise NotInTime(
                    f"{name}: not done within {within:g} s{self._troubled()}; the logs are in {self.system.directory}"
                )
            time.sleep(TURN_SECONDS)

    def _troubled(self) -> str:
        troubled = [
            f"{state.name} (started again {state.restarts} times, last exit code {state.exit_code})"
            for state in self.system.states()
            if state.restarts or not state.alive
        ]
        return f"; look at {', '.join(troubled)}" if troubled else ""

    def look(self, name: str) -> Picture:
        """What there is to see now."""
        return Picture(name, scrape(self.system.metrics()), self.before, self.system.states(), RECEIVERS)
