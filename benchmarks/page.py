"""Writes everything that is made from docs/benchmarks.jsonl: `python -m benchmarks.page`.

That is docs/benchmarks.md, docs/capacity.md and operations/unit_costs.toml. The words are in benchmarks/texts.
"""

from collections.abc import Mapping
from pathlib import Path

from benchmarks import capacity_page, records, results, results_page, unit_costs
from operations.unit_costs import table

DOCS = Path(__file__).resolve().parents[1] / "docs"


def texts() -> Mapping[Path, str]:
    """Each file, and what is to stand in it."""
    newest = records.newest(records.read(results.FILE))
    costs = unit_costs.derived(newest, table())
    return {
        unit_costs.FILE: unit_costs.written(costs),
        DOCS / "benchmarks.md": results_page.page(newest, results_page.TEXT.read_text("utf-8")),
        DOCS / "capacity.md": capacity_page.page(newest, costs, capacity_page.TEXT.read_text("utf-8")),
    }


if __name__ == "__main__":
    for file, text in texts().items():
        file.write_text(text, encoding="utf-8")
