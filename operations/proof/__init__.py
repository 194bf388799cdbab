"""Proof of a delivery: what a receiver holds, read back, beside what it should hold. The commands only print it."""
