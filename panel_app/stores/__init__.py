"""What pages read: the published runs of a desk."""
