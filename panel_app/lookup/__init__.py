"""The look-up: what was published, as JSON for other systems. Read only."""
