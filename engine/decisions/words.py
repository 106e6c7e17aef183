"""Words: the closed vocabulary of deciding, each word with what it says to a person."""

from typing import Final

DATABASE_VARIABLE: Final = "DARKSHELF_DECISIONS"
"""The environment variable in which doors look for the URL of the database."""

ACCEPT: Final = "accept"
REJECT: Final = "reject"
MODIFY: Final = "modify"
ASSIGN: Final = "assign"
COMMENT: Final = "comment"
SNOOZE: Final = "snooze"
UNDO: Final = "undo"
VERDICTS: Final = (ACCEPT, REJECT, MODIFY)
ACTS: Final = (*VERDICTS, ASSIGN, SNOOZE, COMMENT, UNDO)

UNDECIDED: Final = "undecided"
DECISIONS: Final = {ACCEPT: "accepted", REJECT: "rejected", MODIFY: "modified"}
"""What a subject is after each verdict; without one in effect it is `undecided`."""

OTHER: Final = "other"
"""A reason that needs a comment, of every kind of subject."""
