"""The simulated chain, its planted scenarios and its scorecard."""
