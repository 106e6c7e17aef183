"""Delivery: from what was handed in to tables that were judged row by row."""
