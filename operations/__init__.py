"""The `meterstream` command: what a person does to the running system. No room imports it."""
