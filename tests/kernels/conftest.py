"""Properties are checked on the same examples every time, without a clock and without a diary."""

from hypothesis import settings

settings.register_profile("kernels", deadline=None, derandomize=True, database=None, max_examples=60)
settings.load_profile("kernels")
