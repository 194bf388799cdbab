"""Puts the producer together from its settings. Reads files, connects to nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from producer.feed import Feed, resolve
from producer.line import Line
from producer.points import Point, Shard, load_points
from producer.publishing import Publishing, problem_of
from producer.run import Plan, run
from producer.windows import spans_of
from runtime.errors import ConfigError
from runtime.process import Build, Process, Run
from runtime.settings.source import SourceSettings
from runtime.settings.tree import Settings


@dataclass(frozen=True)
class Options:
    """How the producer was called. ``source``: only this one; ``full_sweep``: begin with one."""

    shard: Shard = field(default_factory=Shard)
    source: str | None = None
    full_sweep: bool = False


def builder(options: Options) -> Build:
    """The build function of :func:`runtime.process.main`."""

    def build(process: Process) -> Run:
        lines = _lines(process.settings, options)
        return lambda: run(process, Plan(lines, options.full_sweep, options.shard))

    return build


def _lines(settings: Settings, options: Options) -> list[Line]:
    """One line per source.

    Raises:
        ConfigError: every problem of every source.
    """
    lines: list[Line] = []
    problems: list[str] = []
    for name, source in _chosen(settings.sources, options.source).items():
        if source.folder is not None and options.shard.number > 1:
            continue  # a file is read by one: the first shard
        try:
            lines.append(_line(name, source, settings, options.shard))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return lines


def _chosen(sources: Mapping[str, SourceSettings], name: str | None) -> Mapping[str, SourceSettings]:
    if not sources:
        raise ConfigError(["sources: there is none; write [sources.NAME] with mapping, url, granularity, points, auth"])
    if name is None:
        return sources
    if name not in sources:
        raise ConfigError([f"sources.{name}: there is no such source; there are: {', '.join(sources)}"])
    return {name: sources[name]}


def line_of(settings: Settings, name: str) -> Line:
    """One source with all of its points, as a producer without shards has it.

    Raises:
        ConfigError: every problem of it, or there is no such source.
    """
    (line,) = _lines(settings, Options(source=name))
    return line


def _line(name: str, source: SourceSettings, settings: Settings, shard: Shard) -> Line:
    problems: list[str] = []
    feed: Feed | None = None
    points: list[Point] = []
    try:
        feed = resolve(name, source)
    except ConfigError as error:
        problems += error.problems
    if source.folder is not None and not source.folder.is_dir():
        problems.append(f"sources.{name}.folder: there is no folder {source.folder}; make it")
    try:
        points = load_points(source.points, shard if source.folder is None else Shard())
    except ConfigError as error:
        problems += error.problems
    spans, wrong = spans_of(source.poll, settings.streams, source.granularity)
    problems += [f"sources.{name}.{problem}" for problem in wrong]
    if problems or feed is None:
        raise ConfigError(problems)
    late = problem_of(Publishing(source.publishing, source.granularity, feed.zone), spans)
    if late is not None and source.folder is None:
        raise ConfigError([f"sources.{name}.{late}"])
    return Line(feed, spans, points)
