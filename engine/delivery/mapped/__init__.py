"""Mapped: tables where they lie, in the user's own columns and spelling, read as a mapping says."""
