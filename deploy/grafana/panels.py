"""The kinds of panel: a figure, a graph, a table, a timeline of states. Each says what it shows and what is bad."""

from dataclasses import dataclass, field
from typing import TypeVar

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import DashboardLink, FieldColor
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from deploy.grafana.look import PLAIN, Limits, Words, mappings

DATASOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
RUNBOOKS = "${runbooks}"
"""Where the runbooks are served: a variable of every board, since that differs from platform to platform."""
REF_IDS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Panel = stat.Panel | timeseries.Panel | table.Panel | statetimeline.Panel
P = TypeVar("P", stat.Panel, timeseries.Panel, table.Panel, statetimeline.Panel)


@dataclass(frozen=True)
class Query:
    """One PromQL expression; ``legend`` names its series, ``{{label}}`` is the value of a label."""

    expression: str
    legend: str


@dataclass(frozen=True)
class Caption:
    """What a panel says of itself.

    ``unit``: Grafana's name of it. ``runbooks``: the alerts whose runbooks tell what to do about it.
    """

    title: str
    description: str
    unit: str
    runbooks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """One column of a table. ``expression`` gives one value for each row."""

    title: str
    expression: str
    unit: str
    limits: Limits = PLAIN
    words: Words = field(default_factory=dict)


@dataclass(frozen=True)
class Key:
    """The label that names the rows of a table, and the board that tells more of one of them."""

    label: str
    link: str


def figure(caption: Caption, *queries: Query, limits: Limits = PLAIN, words: Words | None = None) -> stat.Panel:
    """A large number for each series, coloured by its limits or words."""
    panel = (
        _said(stat.Panel(), caption, queries, instant=True)
        .thresholds(limits.built())
        .mappings(mappings(words or {}))
        .color_mode(common.BigValueColorMode.BACKGROUND if limits is not PLAIN else common.BigValueColorMode.VALUE)
        .graph_mode(common.BigValueGraphMode.NONE)
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
    )
    return panel.text_mode(common.BigValueTextMode.AUTO).color_scheme(_by_limits())


def graph(caption: Caption, *queries: Query, limits: Limits = PLAIN, stacked: bool = False) -> timeseries.Panel:
    """Lines over time. Where there are limits, they are drawn as dashed lines."""
    legend = (
        common_builders.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.TABLE)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs(["lastNotNull", "max"])
    )
    panel = (
        _said(timeseries.Panel(), caption, queries, instant=False)
        .thresholds(limits.built())
        .legend(legend)
        .tooltip(
            common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)
        )
        .min(0)
        .line_width(1)
        .fill_opacity(20 if stacked else 5)
        .show_points(common.VisibilityMode.NEVER)
    )
    if stacked:
        panel.stacking(common_builders.StackingConfig().mode(common.StackingMode.NORMAL))
    if limits.bounds:
        dashed = common.GraphThresholdsStyleMode.DASHED
        panel.thresholds_style(common_builders.GraphThresholdsStyleConfig().mode(dashed))
    return panel


def timeline(caption: Caption, *queries: Query, words: Words, limits: Limits = PLAIN) -> statetimeline.Panel:
    """A bar for each series, whose colour is its state at the time."""
    panel = _said(statetimeline.Panel(), caption, queries, instant=False).thresholds(limits.built())
    legend = common_builders.VizLegendOptions().placement(common.LegendPlacement.BOTTOM).show_legend(True)
    panel.legend(legend.display_mode(common.LegendDisplayMode.LIST)).color_scheme(_by_limits())
    return panel.mappings(mappings(words)).show_value(common.VisibilityMode.AUTO).merge_values(True)


def rows(caption: Caption, *columns: Column, key: Key, also: tuple[str, ...] = ()) -> table.Panel:
    """A table: a row for each value of ``key`` (and of the labels ``also``), a column for each expression."""
    queries = [Query(column.expression, column.title) for column in columns]
    panel = _said(table.Panel(), caption, queries, instant=True, as_table=True)
    names = {f"Value #{REF_IDS[place]}": column.title for place, column in enumerate(columns)}
    places = {name: place for place, name in enumerate((key.label, *also, *names))}
    panel.with_transformation(dashboard.DataTransformerConfig(id_val="merge", options={}))
    order = {"excludeByName": {"Time": True}, "indexByName": places, "renameByName": names}
    panel.with_transformation(dashboard.DataTransformerConfig(id_val="organize", options=order))
    panel.override_by_name(key.label, [_property("links", [{"title": "Open", "url": key.link}])])
    for column in columns:
        panel.override_by_name(column.title, _column_properties(column))
    return panel


def _column_properties(column: Column) -> list[dashboard.DynamicConfigValue]:
    properties = [_property("unit", column.unit), _property("thresholds", column.limits.built().build())]
    if column.words:
        properties.append(_property("mappings", mappings(column.words)))
    if column.words or column.limits is not PLAIN:
        cell = {"type": "color-background", "mode": "basic"}
        properties += [_property("custom.cellOptions", cell), _property("color", _by_limits().build())]
    return properties


def _property(name: str, value: object) -> dashboard.DynamicConfigValue:
    return dashboard.DynamicConfigValue(id_val=name, value=value)


def _by_limits() -> FieldColor:
    return FieldColor().mode(dashboard.FieldColorModeId.THRESHOLDS)


def _said(
    panel: P, caption: Caption, queries: tuple[Query, ...] | list[Query], *, instant: bool, as_table: bool = False
) -> P:
    """What every panel has: title, description, unit, source, queries, and the way to its runbooks."""
    panel.title(caption.title).description(caption.description).unit(caption.unit).datasource(DATASOURCE)
    for ref_id, query in zip(REF_IDS, queries, strict=False):
        target = Dataquery().expr(query.expression).legend_format(query.legend).ref_id(ref_id).datasource(DATASOURCE)
        if as_table:
            target.format(PromQueryFormat.TABLE)
        panel.with_target(target.instant() if instant else target.range())
    if caption.runbooks:
        panel.links([_runbook(alert) for alert in caption.runbooks])
    return panel


def _runbook(alert: str) -> DashboardLink:
    link = DashboardLink(f"Runbook: {alert}").type(dashboard.DashboardLinkType.LINK)
    return link.url(f"{RUNBOOKS}/{alert}.md").target_blank(True)
