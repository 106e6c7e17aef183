"""Proposal: a mapping proposed from the files themselves, by names, types and values; for a person to look at."""
