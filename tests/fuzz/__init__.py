"""Deliveries, lakes, runs and databases with something wrong in them, drawn by fixed seeds."""
