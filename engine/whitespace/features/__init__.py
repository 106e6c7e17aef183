"""The features of a customer and a division as of a cutoff, from one registry."""
