"""The calibrated profile: counts against a factored expectation, with the chance of every case."""
