"""The Helm chart ``meterstream``, and what is made for it: the schema of its values, copies of rules and dashboards."""
