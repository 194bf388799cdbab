"""How contradictions between offsets, state and logs are mended: the same words wherever one is found.

docs/operations.md has each step by step, under the heading that is named.
"""

REBUILD_STATE = "stop every streams worker, then: meterstream state rebuild (docs/operations.md: Rebuilding the state)"
"""For a state that does not fit, while every reading is there: the state is a function of the readings."""

NEW_EPOCH = (
    "choose a new epoch in the settings, then: meterstream reprocess --from OLD_EPOCH (docs/operations.md: A new epoch)"
)
"""For records that are gone, topics made anew, and settings that are fixed for an epoch."""

REFILL = "meterstream receivers refill NAME (docs/operations.md: Filling a receiver anew)"
"""For a receiver's rows that are gone while the values topic has them: it holds the newest of each."""

SWITCH = "meterstream receivers switch NAME (docs/operations.md: A new epoch)"
"""For an epoch that will never know as much as the one before: series have ended, or the utility gives less."""
