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

    >>> print(darkshelf.Problem("pricing", "price is negative", "correct it", 1, 200, ("row 4: price -12.0",)))
    pricing: price is negative: 1 of 200 rows (0.50%)
        first: row 4: price -12.0
        do   : correct it
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
    """Anything the user is told about instead of a traceback. exit_code: what the command ends with.

    >>> issubclass(darkshelf.InputError, darkshelf.DarkshelfError)
    True
    """

    exit_code = EXIT_BUG


class ProblemsError(DarkshelfError):
    """Problems found together and told together."""

    exit_code = EXIT_INPUT
    headline = "wrong"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        listed = "\n".join(f"  {n}. {problem}" for n, problem in enumerate(self.problems, 1))
        super().__init__(f"{self.headline} ({len(self.problems)}):\n{listed}")

    def __reduce__(self) -> tuple[type["ProblemsError"], tuple[tuple[Problem, ...]]]:
        """Problems, not their sentence, make another of its kind: a worker may have found them."""
        return type(self), (self.problems,)


class InputError(ProblemsError):
    """The input tables cannot be worked with; every problem is listed.

    >>> try:
    ...     darkshelf.run_shelf({})
    ... except darkshelf.InputError as error:
    ...     print(error.problems[0].where, "|", error.problems[0].what, "|", error.problems[0].advice)
    sales_transactions | the table is missing | give a frame by the name sales_transactions
    """

    headline = "the input cannot be used"


class SettingsError(ProblemsError):
    """The settings cannot be worked with; every problem is listed.

    >>> try:
    ...     darkshelf.run_shelf("data/chain", settings={"episode.max_fdrr": 0.05})
    ... except darkshelf.SettingsError as error:
    ...     print(error.problems[0].advice)
    did you mean episode.max_fdr?
    """

    headline = "the settings cannot be used"


class NotFoundError(DarkshelfError):
    """A run, case or output the user named does not exist.

    >>> night.table("receipts")
    Traceback (most recent call last):
    engine.errors.NotFoundError: there is no table 'receipts' in run ...; there are cases, daily, ...
    """

    exit_code = EXIT_INPUT


class TryLaterError(DarkshelfError):
    """Nothing is wrong, but not now: another run holds the lock, or the day is not complete.

    >>> darkshelf.run_shelf("data/chain", as_of="2026-04-02")
    Traceback (most recent call last):
    engine.errors.TryLaterError: ...
    """

    exit_code = EXIT_TRY_LATER


class OutputError(DarkshelfError):
    """The results could not be written; the previous night is untouched.

    >>> night.to_folder("/proc/runs")
    Traceback (most recent call last):
    engine.errors.OutputError: /proc/runs cannot be written: ...
    """

    exit_code = EXIT_BUG
