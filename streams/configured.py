"""From the settings to the rules."""

from fractions import Fraction

from runtime.settings.streams import StreamsSettings
from streams.rules.history import History
from streams.rules.rules import Rules


def rules(settings: StreamsSettings) -> Rules:
    """The rules as set."""
    history = History(settings.history_months, settings.history_days, settings.history_hour_days)
    return Rules(history, Fraction(settings.rollover_share))
