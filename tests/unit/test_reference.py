"""The generated pages say what the code says."""

import pytest

from operations import reference


@pytest.mark.parametrize(
    ("page", "text"), [("metrics", reference.metrics()), ("configuration", reference.configuration())]
)
def test_a_generated_page_is_current(page: str, text: str) -> None:
    """If this fails: python -m operations.reference."""
    assert reference.DOCS.joinpath(f"{page}.md").read_text("utf-8") == text


def test_every_metric_has_a_line_and_a_metering_point_is_no_label() -> None:
    text = reference.metrics()
    assert "| `meterstream_sink_freshness_seconds` | histogram | `receiver`, `stage` | " in text
    assert "| `meterstream_producer_calls_total` | counter | `source`, `outcome` | " in text
    assert "metering_point`" not in text


def test_every_section_of_the_settings_has_a_table() -> None:
    text = reference.configuration()
    for section in ("`[kafka]`", "`[topics]`", "`[sources.NAME]`", '`[sources.NAME.auth]` with `type = "oauth2"`'):
        assert f"\n## {section}\n" in text
    assert "| `bootstrap_servers` | text | `localhost:9092` | host:port, several with commas |" in text
    assert "| `password` | secret | – |" in text
