"""The rules, as pure functions: no Kafka, no Faust, no clock, no settings of the process."""
