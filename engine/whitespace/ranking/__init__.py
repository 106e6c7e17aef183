"""Whom to call: what each candidate is worth, who may be called, and the best list within the capacity.

learn (earlier cutoffs) → rank: signals → components → value → eligibility → holdout → limits → select → explain
"""
