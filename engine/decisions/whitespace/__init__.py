"""What is decided on the gaps of a ranking, and what calls added."""
