"""How values look: the colour from which on they are bad, and the words for states."""

from collections.abc import Mapping
from dataclasses import dataclass

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models import dashboard

GREEN, ORANGE, RED, BLUE, GREY = "green", "orange", "red", "blue", "#8e8e8e"


@dataclass(frozen=True)
class Limits:
    """Colours by value: ``first`` below the first bound, then each colour from its bound on."""

    first: str
    bounds: tuple[tuple[float, str], ...] = ()

    def built(self) -> ThresholdsConfig:
        """As Grafana wants it; the first step has no bound."""
        steps = [dashboard.Threshold(value=None, color=self.first)]
        steps += [dashboard.Threshold(value=bound, color=color) for bound, color in self.bounds]
        return ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(steps)


PLAIN = Limits(BLUE)
"""A figure that is neither good nor bad."""
NONE_IS_GOOD = Limits(GREEN, ((1, RED),))
"""A count that should be zero."""
ONE_IS_GOOD = Limits(RED, ((1, GREEN),))
"""1 yes, 0 no, and yes is good."""


def too_high(warn: float, bad: float) -> Limits:
    """Green, orange from ``warn`` on, red from ``bad`` on."""
    return Limits(GREEN, ((warn, ORANGE), (bad, RED)))


def too_low(bad: float, good: float) -> Limits:
    """Red, orange from ``bad`` on, green from ``good`` on."""
    return Limits(RED, ((bad, ORANGE), (good, GREEN)))


Words = Mapping[int, tuple[str, str]]
"""What a number means, and its colour."""

YES_NO: Words = {0: ("no", RED), 1: ("yes", GREEN)}
STOPPED: Words = {0: ("runs", GREEN), 1: ("stopped", RED)}
STATES: Words = {
    1: ("starting", BLUE),
    2: ("waiting for go-live", BLUE),
    3: ("live", GREEN),
    4: ("paused", ORANGE),
    5: ("retired", GREY),
    6: ("database unreachable", RED),
    7: ("stopped", RED),
}
"""The states of a receiver's worker, by the number that :func:`deploy.grafana.series.receiver_state` gives them."""


def mappings(words: Words) -> list[dashboard.ValueMapping]:
    """As Grafana wants them."""
    if not words:
        return []
    results = {
        str(number): dashboard.ValueMappingResult(text=text, color=color, index=index)
        for index, (number, (text, color)) in enumerate(words.items())
    }
    return [dashboard.ValueMap(options=results)]
