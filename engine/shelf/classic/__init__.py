"""The classic rule: trimmed means, unbroken runs, five causes."""
