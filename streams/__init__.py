"""From the readings topic to the values topic: deduplicate, derive, publish. Imports ``runtime`` and ``schemas``."""
