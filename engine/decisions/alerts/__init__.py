"""Alerts of runs of any desk: subscriptions, what is new for each, the channels, and what was sent."""
