"""Settings and topics for a worker under measure."""

from pathlib import Path

from runtime.settings.load import load
from runtime.topic_admin import create
from runtime.topics import TopicNames

PARTITIONS = 4


def prepared(config: Path, bootstrap_servers: str, prefix: str, more: str = "") -> TopicNames:
    """Writes a settings file, with ``more`` at its end, and creates the topics; gives their names."""
    config.write_text(
        f'[kafka]\nbootstrap_servers = "{bootstrap_servers}"\n'
        f'[topics]\nprefix = "{prefix}"\npartitions = {PARTITIONS}\nreplication_factor = 1\nmin_insync_replicas = 1\n'
        f"{more}",
        encoding="utf-8",
    )
    settings = load(config, {})
    create(settings)
    return TopicNames.of(settings)
