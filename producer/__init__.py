"""From a utility's API to the readings topic. Imports ``runtime`` and ``schemas`` only."""
