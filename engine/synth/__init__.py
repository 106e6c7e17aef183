"""Simulated chains with planted dark shelves, and the scorecard that says how many of them were found."""
