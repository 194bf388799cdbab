"""Layouts: what a receiving system reads is data, not code.

A layout is a TOML file (docs/layouts.md). It is read twice: as SQL views over the receiver's own table
(:func:`layout_statements`), and in Python (:func:`rows`), the reference for files, verification and comparison.
"""

from sinks.layouts.layout import Layout
from sinks.layouts.shelf import load, shipped, text_of
from sinks.layouts.statements import layout_statements

__all__ = ["Layout", "layout_statements", "load", "shipped", "text_of"]
