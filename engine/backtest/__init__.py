"""Nights replayed over history, with planted episodes or a known truth, and how right they were."""
