"""Reading and telling what the growth desk published."""
