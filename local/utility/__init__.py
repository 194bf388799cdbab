"""A simulated utility: the API of a source, over HTTP, with a ledger of everything it has said.

The world behind it is a pure function of a seed and a tick, so a process that is killed and started again
goes on with the same world. See server.py for the addresses and ledger.py for the lines of the ledger.
"""
