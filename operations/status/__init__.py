"""The running system at one look: what was seen of it, what is wrong with that, and what to do next.

``whom`` to ask → ``looking`` at Kafka and the processes → a ``snapshot`` → ``findings``, worst first → a ``screen``.
`meterstream status` shows one of them, `meterstream top` one after another.
"""
