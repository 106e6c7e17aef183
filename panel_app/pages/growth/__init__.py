"""The pages of the growth desk."""
