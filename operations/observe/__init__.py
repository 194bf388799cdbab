"""`meterstream observe`: what no stage can say of itself, as metrics – dead letters, topics, groups, brokers."""
