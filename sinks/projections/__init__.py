"""Layouts whose rows stand in a table of the customer's own, too; see docs/layouts.md and decision 0016."""
