"""What the streams worker needs."""

from runtime.settings.group import Group


class StreamsSettings(Group):
    """The streams worker."""
