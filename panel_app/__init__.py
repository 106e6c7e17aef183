"""The dashboard: the published runs in a browser, and the decisions made on them."""
