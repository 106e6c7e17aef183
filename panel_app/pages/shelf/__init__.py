"""The pages of the shelf desk."""
