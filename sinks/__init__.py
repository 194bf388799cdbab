"""From the values topic to one receiver's database. Imports ``runtime`` and ``schemas`` only."""
