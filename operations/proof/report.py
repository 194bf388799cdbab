"""The delivery report of a stage, as data: what was delivered, what of it is proven, and of which configuration."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version as package_version
from typing import Any

import msgspec

from operations.dead_letter_box import DeadLetterBox
from operations.proof.configuration import configuration
from operations.proof.delivered_points import DeliveredPoints
from operations.proof.delivery import Delivery
from operations.proof.gaps import Gap
from operations.proof.rows import told
from operations.proof.verification import verify
from operations.receivers.stages import Chosen
from runtime.zones import zone_of
from schemas import exact

FORMAT = "meterstream delivery report 1"
POINTS_SHOWN = 1_000
"""Points without a value that are named; the rest is counted."""


_NONE_YET = b"[]\n  }\n}"
"""How the JSON ends where ``points`` of ``contents``, the last of all, are left out."""


@dataclass(frozen=True)
class Report:
    """A report. ``body``: what its JSON file holds, all instants in UTC; without the ``points`` of its ``contents``."""

    body: dict[str, Any]
    points: DeliveredPoints

    @property
    def verdict(self) -> str:
        """Whether the delivery is equal to the feed."""
        return str(self.body["verification"]["verdict"])

    def told_points(self) -> Iterator[dict[str, Any]]:
        """The ``points`` of its ``contents``."""
        for point in self.points:
            yield asdict(point) | {"first_period": _told(point.first_period), "last_period": _told(point.last_period)}

    def as_json(self) -> Iterator[bytes]:
        """The JSON file, piece by piece."""
        contents = self.body["contents"] | {"points": []}
        whole = msgspec.json.format(msgspec.json.encode(self.body | {"contents": contents}), indent=2)
        yield whole.removesuffix(_NONE_YET) + b"["
        mark = b""
        for point in self.told_points():
            line = msgspec.json.format(msgspec.json.encode(point), indent=2)
            yield mark + b"\n      " + line.replace(b"\n", b"\n      ")
            mark = b","
        yield b"\n    ]\n  }\n}\n" if mark else _NONE_YET.removeprefix(b"[") + b"\n"


def make_report(chosen: Chosen, environment: Mapping[str, str], attempts: int = 3) -> Report:
    """Reads a stage back, compares it with the feed, and adds up what was delivered.

    Args:
        chosen: the stage.
        environment: usually ``os.environ``.
        attempts: so many tries in vain park a dead letter.

    Raises:
        Transient, ConfigError, PositionError: see :func:`operations.proof.verification.verify`.
    """
    configured = configuration(chosen, environment)
    delivery = Delivery(zone_of(chosen.receiver.zone))
    found = verify(chosen, looks=[delivery.look])
    head = {
        "format": FORMAT,
        "receiver": chosen.name,
        "stage": chosen.stage,
        "made_at": found.at,
        "times_are_in": "UTC",
        "zone_of_days_and_months": chosen.receiver.zone,
        "software": {"meterstream": package_version("meterstream"), "tables": found.schema_version},
    }
    body = {
        **head,
        "configuration": {"fingerprint": configured.fingerprint, **asdict(configured)},
        "verification": msgspec.to_builtins(found, str_keys=True),
        "delivery": _delivery(delivery),
        "points": _points(chosen, delivery),
        "dead_letters": _dead_letters(chosen, environment, attempts),
        "contents": {"sha256": delivery.content},
    }
    return Report(body, delivery.points)


def _delivery(found: Delivery) -> dict[str, Any]:
    return {
        "readings": found.readings,
        "first_period": _told(found.first_period),
        "last_period": _told(found.last_period),
        "amounts": [
            {
                "delivery_category": category,
                "granularity": granularity,
                "unit": unit,
                "readings": amount.readings,
                "consumption": exact.to_text(amount.consumption),
                "without_consumption": amount.without,
            }
            for (category, granularity, unit), amount in sorted(found.amounts.items())
        ],
        "missing_values": found.missing,
        "estimated": found.estimated,
        "estimated_percent": exact.to_text(found.estimated * 10**4 // max(1, found.readings) * 10**10),
        "corrections": found.corrections,
        "held": dict(sorted(found.held.items())),
        "gaps": found.gaps_in_all,
        "missing_periods": found.missing_periods,
        "first_gaps": [_gap(each) for each in found.gaps],
    }


def _gap(found: Gap) -> dict[str, Any]:
    return asdict(found) | {"begin": _told(found.begin), "end": _told(found.end)}


def _points(chosen: Chosen, found: Delivery) -> dict[str, Any]:
    named = {point.metering_point for point in chosen.points().read()}
    without = sorted(named - found.delivered)
    return {
        "mapped": len(named),
        "with_values": len(named) - len(without),
        "without_values": len(without),
        "first_without_values": without[:POINTS_SHOWN],
    }


def _dead_letters(chosen: Chosen, environment: Mapping[str, str], attempts: int) -> list[dict[str, Any]]:
    """Those of the stages before, and this receiver's own, that were not put back."""
    letters = DeadLetterBox(chosen.settings, environment).read().by_id.values()
    mine = [letter for letter in letters if letter.newest.receiver in (None, chosen.label)]
    states = ((letter.newest.stage, letter.newest.reason, letter.state(attempts)) for letter in mine)
    counts = Counter(each for each in states if each[2] != "put_back")
    return [
        dict(zip(("stage", "reason", "state", "letters"), (*each, counts[each]), strict=True))
        for each in sorted(counts)
    ]


def _told(instant: int | None) -> str | None:
    return told("period_start", instant)
