"""Oracles: published rules again, slowly, from the specification, sharing no code with the engine."""
