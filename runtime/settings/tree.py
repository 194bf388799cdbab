"""The whole settings file as one frozen tree."""

from typing import Annotated

from pydantic import Field

from runtime.settings.canary import CanarySettings
from runtime.settings.dead_letters import DeadLetterSettings
from runtime.settings.group import Group
from runtime.settings.receiver import STAGES, ReceiverSettings, StageSettings, label
from runtime.settings.source import SourceSettings
from runtime.settings.streams import StreamsSettings
from runtime.settings.system import (
    KafkaSettings,
    LogSettings,
    MetricsSettings,
    ObserverSettings,
    RegistrySettings,
    TopicSettings,
)

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")]
"""The name of a source or a receiver: it becomes part of keys, metric labels, consumer groups and table rows."""


class Settings(Group):
    """meterstream.toml."""

    epoch: str = Field(default="1", pattern=r"^[A-Za-z0-9_-]{1,30}$", description="the generation of the topics")
    kafka: KafkaSettings = KafkaSettings()
    topics: TopicSettings = TopicSettings()
    registry: RegistrySettings = RegistrySettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    dead_letters: DeadLetterSettings = DeadLetterSettings()
    observer: ObserverSettings = ObserverSettings()
    canary: CanarySettings = CanarySettings()
    sources: dict[Name, SourceSettings] = Field(default_factory=dict)
    streams: StreamsSettings = StreamsSettings()
    receivers: dict[Name, ReceiverSettings] = Field(default_factory=dict)

    def deliveries(self) -> dict[str, StageSettings]:
        """Every stage of every receiver, by its label."""
        return {
            label(name, stage): found
            for name, receiver in self.receivers.items()
            for stage in STAGES
            if (found := receiver.stage(stage)) is not None
        }
