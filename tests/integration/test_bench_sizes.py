"""The benchmark of sizes, small: everything is weighed, on real databases."""

import re

import pytest
from click.testing import CliRunner

from benchmarks.bench_sizes import main
from benchmarks.unit_costs import ORIGINS

pytestmark = pytest.mark.services


def test_every_size_that_the_model_reckons_with_is_weighed() -> None:
    done = CliRunner().invoke(main, ["--rows", "2000", "--points", "200", "--kept", "8000"], catch_exceptions=False)
    weighed = re.findall(r"│ (size: .+?) +│ ([\d.,]+) bytes", done.output)
    found = {what: float(size.replace(",", "")) for what, size in weighed}
    assert {what for origin in ORIGINS for what in origin.of if what.startswith("size: ")} <= set(found)
    assert 10 < found["size: a reading of hours in the state, on its topic"] < 40
    assert 200 < found["size: a row in PostgreSQL"] < 800
