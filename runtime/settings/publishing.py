"""The publishing calendar of a source: when the utility has published a period. What is not there by then is late."""

from typing import Literal, Self

from pydantic import Field, model_validator

from runtime.settings.group import Group

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class PublishingSettings(Group):
    """A period is published so long after its end; with ``at``, at the first such time of the day after that."""

    delay: float | None = Field(
        default=None,
        ge=0,
        le=366 * 86_400,
        description="seconds after a period's end; None: 10 days for months, 36 hours for days, hours and quarters",
    )
    at: str | None = Field(
        default=None,
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
        description='the time of day at which it is published, in the source\'s zone: "06:00"; None: at any time',
    )
    days: tuple[Weekday, ...] = Field(
        default=(), description="the weekdays on which it is published, at that time; none: every day"
    )

    @model_validator(mode="after")
    def _is_a_calendar(self) -> Self:
        if self.days and self.at is None:
            raise ValueError('days says on which weekdays the time of day counts: set at, such as at = "06:00"')
        if len(set(self.days)) != len(self.days):
            raise ValueError("days names a weekday twice")
        return self
