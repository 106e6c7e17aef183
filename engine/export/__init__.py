"""Export: the tables of a run, and what was decided on it, into a warehouse of somebody else's."""
