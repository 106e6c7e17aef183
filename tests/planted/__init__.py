"""Input chains written on purpose, each holding facts whose right answer is known."""
