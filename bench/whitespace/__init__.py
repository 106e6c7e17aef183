"""Benchmarks of the whitespace desk: accuracy on real deliveries, and leaks that are planted to be found."""
