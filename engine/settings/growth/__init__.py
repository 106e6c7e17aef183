"""Settings of the growth desk: scaling, and the steps before it."""
