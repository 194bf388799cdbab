"""`meterstream receivers`: the receiving systems, from the choice of metering points to live. A file per command."""
