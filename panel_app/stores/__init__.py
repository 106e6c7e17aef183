"""What the pages ask of published runs; a file a desk."""
