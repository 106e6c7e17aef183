"""How right the nights are, beside the rules that others use: figures for docs/accuracy.md."""
