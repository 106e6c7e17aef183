"""The dashboard: the published nights in a browser, and the decisions made on them."""
