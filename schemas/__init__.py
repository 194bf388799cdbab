"""The contract: what crosses a topic. Avro schemas, event types, codec, keys and exact numbers.

Imports nothing of the other rooms.
"""
