"""The delivery report as one HTML page, to be read, printed and filed; it loads nothing from anywhere."""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice
from string import Template
from typing import Any

from operations.proof.report import Report

POINTS_SHOWN = 2_000
"""Metering points with a line of their own; the JSON file has all."""

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Delivery report: $receiver, stage $stage</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c; }
h2 { margin: 2rem 0 .5rem; font-size: 1.15rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #ddd; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
code { overflow-wrap: anywhere; }
.equal { color: #0a6b2d; } .different { color: #a40000; }
</style>
</head>
<body>
<h1>Delivery report: $receiver, stage $stage</h1>
<p>Made at $made_at by meterstream $software. Times are in UTC; days and months are those of the zone $zone.</p>
<p>The delivery is <strong class="$verdict">$said</strong>.</p>
<p>This page shows the report in the file <code>$file</code>, whose SHA-256 is <code>$sha256</code>.</p>
$sections
</body>
</html>
""")


def page(report: Report, file: str, sha256: str) -> str:
    """The page.

    Args:
        report: what it shows.
        file: the name of the report's JSON file.
        sha256: of that file.
    """
    body = report.body
    return _PAGE.substitute(
        {name: escape(str(body[name])) for name in ("receiver", "stage", "made_at")},
        software=escape(body["software"]["meterstream"]),
        zone=escape(body["zone_of_days_and_months"]),
        verdict=report.verdict,
        said="equal to the feed" if report.verdict == "equal" else "NOT equal to the feed",
        file=escape(file),
        sha256=sha256,
        sections="\n".join(_sections(body, islice(report.told_points(), POINTS_SHOWN))),
    )


def _sections(body: dict[str, Any], metering_points: Iterable[dict[str, Any]]) -> Iterable[str]:
    delivery, points, verification = body["delivery"], body["points"], body["verification"]
    yield _facts("What was delivered", _delivered(points, delivery, body["contents"]))
    amounts = ("delivery_category", "granularity", "readings", "consumption", "unit", "without_consumption")
    yield _table("Consumption by category", amounts, delivery["amounts"])
    compared = (
        "rows",
        "equal",
        "missing",
        "extra",
        "different",
        "refused",
        "unmapped",
        "unsettled",
        "behind",
        "unusable",
    )
    yield _facts("Compared with the feed", [(name, verification[name]) for name in compared])
    yield _table(
        "Differences: the first ones", ("kind", "metering_point", "reading_at", "fields"), verification["first"]
    )
    yield _table("Layouts", ("layout", "view", "equal", "missing", "extra"), verification["layouts"])
    yield _facts("Held back, by reason", list(delivery["held"].items()))
    gap_names = ("metering_point", "source", "delivery_category", "granularity", "begin", "end", "periods")
    yield _table("Gaps: periods without a row, the first ones", gap_names, delivery["first_gaps"])
    yield _table("Dead letters that are not put back", ("stage", "reason", "state", "letters"), body["dead_letters"])
    yield _listed("Metering points without a value", points["first_without_values"])
    yield _facts("Configuration", _flat(body["configuration"]))
    names = ("metering_point", "readings", "first_period", "last_period", "months")
    yield _table("Metering points", names, [_point(point) for point in metering_points])


def _delivered(points: dict[str, Any], delivery: dict[str, Any], contents: dict[str, Any]) -> list[tuple[str, Any]]:
    return [
        ("metering points mapped", points["mapped"]),
        ("of these with values", points["with_values"]),
        ("readings", delivery["readings"]),
        ("first period begins", delivery["first_period"]),
        ("last period ends", delivery["last_period"]),
        ("missing values", delivery["missing_values"]),
        ("estimated or temporary", f"{delivery['estimated']:,} ({delivery['estimated_percent']} %)"),
        ("corrected", delivery["corrections"]),
        ("gaps", f"{delivery['gaps']:,} of together {delivery['missing_periods']:,} periods"),
        ("SHA-256 of all contents", contents["sha256"]),
    ]


def _point(point: dict[str, Any]) -> dict[str, Any]:
    months = list(point["months"])
    return point | {"months": f"{len(months)}: {months[0]} to {months[-1]}"}


def _flat(configuration: dict[str, Any]) -> list[tuple[str, Any]]:
    lines: list[tuple[str, Any]] = []
    for name, value in configuration.items():
        lines += (
            [(f"{name}.{key}", each) for key, each in value.items()] if isinstance(value, dict) else [(name, value)]
        )
    return lines


def _facts(title: str, facts: Sequence[tuple[str, Any]]) -> str:
    if not facts:
        return ""
    lines = "".join(f"<tr><th>{escape(str(name))}</th>{_cell(value)}</tr>" for name, value in facts)
    return f"<h2>{escape(title)}</h2>\n<table>{lines}</table>"


def _table(title: str, names: Sequence[str], rows: Sequence[dict[str, Any]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in names)
    lines = "".join(f"<tr>{''.join(_cell(row[name]) for name in names)}</tr>" for row in rows)
    return f"<h2>{escape(title)}</h2>\n<table><tr>{head}</tr>{lines}</table>"


def _listed(title: str, names: Sequence[str]) -> str:
    return f"<h2>{escape(title)}</h2>\n<p>{escape(', '.join(names))}</p>" if names else ""


def _cell(value: Any) -> str:
    if isinstance(value, int):
        return f'<td class="number">{value:,}</td>'
    if isinstance(value, dict):
        value = "; ".join(f"{name}: {_shown(one)} ≠ {_shown(other)}" for name, (one, other) in value.items())
    return f"<td>{escape(_shown(value))}</td>"


def _shown(value: Any) -> str:
    return "–" if value is None else str(value)
