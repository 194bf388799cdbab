"""What every process needs: settings, errors, metrics, logs, Kafka connections, topics, dead letters, lifecycle.

Imports ``schemas`` only.
"""
