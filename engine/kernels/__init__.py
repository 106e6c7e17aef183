"""Typed loops over arrays: compiled once, cached, without knowledge of stores or SKUs."""
