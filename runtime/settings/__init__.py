"""Settings: one TOML file, overridden by environment variables, as frozen groups.

``load`` reads, checks and resolves them and reports every problem at once.
"""
