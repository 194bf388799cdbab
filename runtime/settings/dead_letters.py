"""When a stage stops, instead of draining its feed into the dead letters."""

from pydantic import Field

from runtime.settings.group import Group


class DeadLetterSettings(Group):
    """When a stage stops instead of draining its feed into the dead letters: each source, worker and receiver alone."""

    stop_share: float = Field(default=0.2, gt=0, le=1, description="more of the last `window` records stops the stage")
    window: int = Field(default=1_000, ge=1, le=1_000_000, description="records that the share is taken over, at least")
    stop_run: int = Field(default=500, ge=1, le=1_000_000, description="so many in a row stop it, too")
    retry: float = Field(default=30.0, gt=0, description="seconds after which a stopped stage tries again")
    accept: bool = Field(default=False, description="true: nothing stops; for one run, after you have looked at them")
