"""Extras: libraries that come with an extra of this distribution, imported when a place asks for them."""

from importlib import import_module
from typing import Any

from engine.errors import InputError, Problem


def needed(module: str, extra: str, where: str) -> Any:
    """A module of an extra. where: the place that needs it. Raises InputError naming the extra that is missing."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        library = (error.name or module).partition(".")[0]
        advice = f"install it with  pip install 'darkshelf[{extra}]'"
        raise InputError([Problem(where, f"needs {library}, which is not installed", advice)]) from None
