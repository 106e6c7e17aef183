"""How fast, against what, and whether it got slower: measurements of whole processes and of single kernels."""
