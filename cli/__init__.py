"""The command: parses, calls one engine function, prints, sets the exit code."""
