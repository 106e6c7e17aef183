"""Measurements: how fast, how right, how the dashboard holds, beside rivals."""
