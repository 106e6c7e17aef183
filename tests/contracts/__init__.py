"""The stages of the desk one by one, on chains so small that every number can be worked out on paper."""
