"""What every board has: its place among the others, the data source, marks for deploys and go-lives."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard

from deploy.grafana.marks import marks
from deploy.grafana.panels import DATASOURCE, Panel

COLUMNS = 24
"""Of Grafana's grid."""
TAG = "meterstream"
NAMES = {
    "overview": "Overview",
    "source": "Source",
    "streams": "Streams",
    "receiver": "Receiver",
    "kafka": "Kafka and lag",
    "dead-letters": "Dead letters",
}
"""Every board, in the order of their links."""
RUNBOOKS = "docs/runbooks"
"""As in the alerts' runbook_url."""


@dataclass(frozen=True)
class Line:
    """Panels side by side, equally wide unless ``widths`` (of 24) says otherwise."""

    height: int
    panels: Sequence[Panel]
    widths: Sequence[int] = ()

    def placed(self, top: int) -> list[tuple[Panel, dashboard.GridPos]]:
        """Where each panel stands, from the row ``top`` of the grid on."""
        widths = self.widths or [COLUMNS // len(self.panels)] * len(self.panels)
        lefts = [sum(widths[:place]) for place in range(len(widths))]
        return [
            (panel, dashboard.GridPos(h=self.height, w=width, x=left, y=top))
            for panel, width, left in zip(self.panels, widths, lefts, strict=True)
        ]


@dataclass(frozen=True)
class Section:
    """Lines of panels under one title; without a title there is no heading."""

    title: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class Variable:
    """A label whose values the reader chooses from, such as a source. ``series``: where its values come from."""

    name: str
    label: str
    series: str


@dataclass(frozen=True)
class Board:
    """One dashboard; ``name`` is a key of :data:`NAMES`."""

    name: str
    description: str
    sections: Sequence[Section]
    variables: Sequence[Variable] = ()
    since: str = "now-6h"


def uid(name: str) -> str:
    """The stable id of a board, which links and bookmarks use."""
    return f"meterstream-{name}"


def way_to(name: str, *labels: str) -> str:
    """The address of a board for the row of a table that was clicked: its labels become the board's variables."""
    chosen = "".join(f"&var-{label}=${{__data.fields.{label}}}" for label in labels)
    return f"/d/{uid(name)}?${{datasource:queryparam}}&${{__url_time_range}}{chosen}"


def built(board: Board) -> dashboard.Dashboard:
    """The dashboard as Grafana reads it."""
    made = (
        builders.Dashboard(f"meterstream: {NAMES[board.name]}")
        .uid(uid(board.name))
        .description(board.description)
        .tags([TAG])
        .timezone("browser")
        .time(board.since, "now")
        .refresh("30s")
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .variables([_datasource(), *(_chosen(each) for each in board.variables), _runbooks()])
        .links([_link(name) for name in NAMES if name != board.name])
        .build()
    )
    made.panels = _placed(board.sections)
    made.annotations = dashboard.AnnotationContainer(list_val=list(marks()))
    return made


def _placed(sections: Sequence[Section]) -> list[dashboard.Panel | dashboard.RowPanel]:
    placed: list[dashboard.Panel | dashboard.RowPanel] = []
    top = 0
    for section in sections:
        if section.title:
            where = dashboard.GridPos(h=1, w=COLUMNS, x=0, y=top)
            placed.append(builders.Row(section.title).id(len(placed) + 1).grid_pos(where).build())
            top += 1
        for line in section.lines:
            for panel, where in line.placed(top):
                placed.append(panel.id(len(placed) + 1).grid_pos(where).build())
            top += line.height
    return placed


def _datasource() -> builders.DatasourceVariable:
    return builders.DatasourceVariable("datasource").label("Prometheus").type("prometheus")


def _chosen(variable: Variable) -> builders.QueryVariable:
    return (
        builders.QueryVariable(variable.name)
        .label(variable.label)
        .datasource(DATASOURCE)
        .query(f"label_values({variable.series}, {variable.name})")
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.ALPHABETICAL_ASC)
    )


def _runbooks() -> builders.TextBoxVariable:
    """Grafana fills it into the links of panels; whoever serves the runbooks elsewhere gives another address."""
    text = builders.TextBoxVariable("runbooks").label("Runbooks at").default_value(RUNBOOKS)
    return text.hide(dashboard.VariableHide.IN_CONTROLS_MENU)


def _link(name: str) -> builders.DashboardLink:
    link = builders.DashboardLink(NAMES[name]).type(dashboard.DashboardLinkType.LINK).url(f"/d/{uid(name)}")
    return link.include_vars(True).keep_time(True).icon("dashboard").tooltip(f"The board {NAMES[name]}")
