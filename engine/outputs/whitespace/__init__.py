"""What the whitespace desk published, read again: shapes, figures, charts, report."""
