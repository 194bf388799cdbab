"""What every graph is marked with: deploys and starts of processes, go-lives of receivers."""

from collections.abc import Iterator

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.dashboard import AnnotationQuery as Mark

from deploy.grafana.look import BLUE, GREEN
from deploy.grafana.panels import DATASOURCE

STEP = "1m"
"""Between two looks at whether there is something to mark."""
_STARTED = "process_start_time_seconds * on (job, instance) group_left (version, process) meterstream_build_info"
DEPLOYS = f"1000 * min by (process, version) ({_STARTED})"
"""When the running processes of a kind and version were first started, in milliseconds: at a deploy it moves."""
_LIVE = 'max by (receiver, stage) (meterstream_sink_state{state="live"})'
_WAITED = 'max by (receiver, stage) (max_over_time(meterstream_sink_state{state="waiting"}[2m]))'
GO_LIVES = f"{_LIVE} * {_WAITED}"
"""1 where a receiver is live that waited for its go-live a moment ago, else 0: a restart is none."""


def marks() -> Iterator[Mark]:
    """The annotations of every board."""
    deploys = _mark("Deploys", BLUE, DEPLOYS).title_format("{{process}} {{version}}").use_value_for_time(True)
    yield deploys.text_format("The first process of this version was started.").tag_keys("process,version").build()
    lives = _mark("Go-lives", GREEN, GO_LIVES).title_format("{{receiver}} went live")
    yield lives.text_format("Stage: {{stage}}").tag_keys("receiver,stage").build()


def _mark(name: str, color: str, expression: str) -> AnnotationQuery:
    target = Dataquery().ref_id("Anno").expr(expression).interval(STEP).legend_format(name).range()
    return AnnotationQuery().name(name).icon_color(color).datasource(DATASOURCE).target(target).enable(True)
