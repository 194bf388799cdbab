"""The error tree. Code branches on these types, never on a message's text.

    MeterstreamError
    ├── Transient        the same call may succeed later: retried with back-off (``retry_after`` seconds at least)
    ├── Poison           this input can never be used: one dead letter, its neighbours go on
    ├── ConfigError      the settings or the cluster are not as they must be: every problem named, nothing started
    └── Fatal            going on could lose or double something: the process ends and has acknowledged nothing
        ├── PositionError    offsets, state and log contradict each other: an operator's command mends it
        └── Superseded       another worker has taken this one's place

Whatever else is raised is a defect: the process ends (exit code 70) and its supervisor starts it again.
"""

from collections.abc import Sequence
from enum import IntEnum

from schemas.reasons import Reason


class ExitCode(IntEnum):
    """How a process ended; supervisors and operators read it."""

    DONE = 0
    CONFIG = 2
    DEFECT = 70
    POSITION = 71
    SUPERSEDED = 72


class MeterstreamError(Exception):
    """Whatever this product raises on purpose."""

    exit_code = ExitCode.DEFECT


class Transient(MeterstreamError):
    """The same call may succeed later."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        """``retry_after``: seconds the other side asked us to wait, where it did."""
        super().__init__(message)
        self.retry_after = retry_after


class Poison(MeterstreamError):
    """This input can never be used; ``detail`` says what is wrong and where, without values."""

    def __init__(self, reason: Reason, detail: str) -> None:
        """A reason code and a detail without readings or secrets."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class ConfigError(MeterstreamError):
    """Settings or cluster are not as they must be. Carries every problem, not the first."""

    exit_code = ExitCode.CONFIG

    def __init__(self, problems: Sequence[str]) -> None:
        """``problems``: one line each – what, where, what to do."""
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class Fatal(MeterstreamError):
    """Going on could lose or double something."""


class PositionError(Fatal):
    """Offsets, state and log contradict each other; the message names the command that mends it."""

    exit_code = ExitCode.POSITION


class Superseded(Fatal):
    """Another worker has taken this one's place; the message says how that was seen."""

    exit_code = ExitCode.SUPERSEDED
