"""Runs: how a run gets its name, its folder, its lock, its manifest and its place among the others."""
