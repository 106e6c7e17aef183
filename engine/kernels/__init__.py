"""Typed loops over arrays: compiled once, kept, without knowledge of stores or SKUs."""
