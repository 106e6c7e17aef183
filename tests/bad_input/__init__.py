"""Input as it comes: what is wrong is refused and told at once, what can be read is read."""
