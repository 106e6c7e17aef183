"""Every kernel beside its slow, plain definition."""
