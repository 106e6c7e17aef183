"""Failures with fields. The sentence a user reads is built from them; the exit code comes with the kind."""

from collections.abc import Sequence
from dataclasses import dataclass

EXIT_BUG = 1
EXIT_INPUT = 2
EXIT_TRY_LATER = 75


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, with how often and what to do about it.

    where: the table, file or setting. what: the complaint. count, of: rows concerned of rows read, None when
    the complaint is not about rows. examples: the first few, ready to print. advice: what the user can do.
    """

    where: str
    what: str
    advice: str
    count: int | None = None
    of: int | None = None
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The problem as two or three indented lines."""
        share = ""
        if self.count is not None and self.of:
            share = f": {self.count:,} of {self.of:,} rows ({100 * self.count / self.of:.2f}%)"
        lines = [f"{self.where}: {self.what}{share}"]
        lines += [f"    {'first' if n == 0 else 'then '}: {example}" for n, example in enumerate(self.examples)]
        return "\n".join([*lines, f"    do   : {self.advice}"])


class DarkshelfError(Exception):
    """Anything the user is told about instead of a traceback."""

    exit_code = EXIT_BUG


class ProblemsError(DarkshelfError):
    """Problems found together and told together."""

    exit_code = EXIT_INPUT
    headline = "wrong"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        listed = "\n".join(f"  {n}. {problem}" for n, problem in enumerate(self.problems, 1))
        super().__init__(f"{self.headline} ({len(self.problems)}):\n{listed}")


class InputError(ProblemsError):
    """The input tables cannot be worked with; every problem is listed."""

    headline = "the input cannot be used"


class SettingsError(ProblemsError):
    """The settings cannot be worked with; every problem is listed."""

    headline = "the settings cannot be used"


class NotFoundError(DarkshelfError):
    """A run, case or output the user named does not exist."""

    exit_code = EXIT_INPUT


class TryLaterError(DarkshelfError):
    """Nothing is wrong, but not now: another run holds the lock, or the day is not complete."""

    exit_code = EXIT_TRY_LATER


class OutputError(DarkshelfError):
    """The results could not be written; the previous night is untouched."""

    exit_code = EXIT_BUG
