"""The gauntlet: the checks that a score has to survive before anybody believes it."""
