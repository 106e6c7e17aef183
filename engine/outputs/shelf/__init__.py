"""Reading and telling what the shelf desk published."""
