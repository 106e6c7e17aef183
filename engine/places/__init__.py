"""Places: where tables and runs are, taken apart before anything becomes a path, and object stores by their names."""
