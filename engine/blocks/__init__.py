"""A chain in blocks: what they tell one another, and who runs them."""
