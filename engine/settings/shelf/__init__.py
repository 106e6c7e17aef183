"""Settings of the shelf desk: what both methods read, then a file a method."""
