"""Settings: what every run is told, bounded and described; a folder a desk."""
