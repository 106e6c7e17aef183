"""The schedule: what a scheduler calls once a night, for every desk.

`due` finds the days that are missing, `nightly` takes deliveries in and makes their runs, `retain` lets old ones go.
"""
