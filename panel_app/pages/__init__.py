"""The pages: a folder for each desk of this package. A desk's record names its `PAGES`."""
