"""Choosing the metering points of a receiver: a list, what the feed carries, and what is wrong between them."""
