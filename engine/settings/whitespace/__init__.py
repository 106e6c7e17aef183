"""The settings of the whitespace desk, a file a stage."""
