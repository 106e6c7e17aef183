"""A lake of days."""
