"""The canary: a made-up reading per source that shows whether the road is open, and how long it takes."""

from pydantic import Field

from runtime.settings.group import Group


class CanarySettings(Group):
    """How often each source sends one."""

    every: int = Field(default=60, ge=0, le=3_600, description="seconds between two canaries of a source; 0: none")
