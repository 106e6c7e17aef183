"""How fast the dashboard answers in a real browser, and how it bears many readers at once."""
