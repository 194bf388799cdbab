"""Who signed off a receiver's test stage, and what has changed since."""

from dataclasses import dataclass

import msgspec

from operations.receivers.stages import Chosen

ACTION = "signed_off"


@dataclass(frozen=True)
class SignOff:
    """A sign-off: of the report with this SHA-256, by whom, when (instant); what has ``changed`` since."""

    sha256: str
    who: str
    at: int
    changed: tuple[str, ...]


def signed_off(test: Chosen) -> SignOff | None:
    """The newest sign-off of a test stage; None: there is none.

    Raises:
        Transient: its database cannot be used now.
        ConfigError: it has no tables: nothing was ever tested.
    """
    found = [entry for entry in test.upkeep().journal() if entry.action == ACTION]
    if not found:
        return None
    said = msgspec.json.decode(found[-1].detail, type=dict[str, str])
    now = configuration(test)
    changed = tuple(name for name in now if now[name] != said.get(name))
    return SignOff(said["sha256"], found[-1].who, found[-1].at, changed)


def configuration(chosen: Chosen) -> dict[str, str]:
    """What of the configuration decides what a receiver is shown, each as a text that is equal for equal settings."""
    receiver = chosen.receiver
    points = chosen.points().read()
    return {
        "points": points.fingerprint,
        "layouts": ",".join(receiver.layouts),
        "policy": receiver.policy.model_dump_json(),
        "zone": receiver.zone,
    }
