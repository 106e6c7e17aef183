"""The engine: computes and publishes; never prints, never draws. Its public names, for `import engine as darkshelf`.

A name is imported when it is first asked for: whoever wants the version alone waits for no library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.errors import (
        DarkshelfError,
        InputError,
        NotFoundError,
        OutputError,
        Problem,
        SettingsError,
        TryLaterError,
    )
    from engine.outputs.desks import Explanation
    from engine.outputs.growth.result import Scaling
    from engine.outputs.result import Result
    from engine.outputs.shelf.result import Night
    from engine.outputs.whitespace.result import Ranked
    from engine.python import open_run, run_growth, run_shelf, run_whitespace, simulate
    from engine.runs.registry import DamagedRunError
    from engine.settings.growth.scaling import GrowthSettings
    from engine.settings.shelf.calibrated import CalibratedSettings
    from engine.settings.shelf.classic import ClassicSettings
    from engine.settings.whitespace.run import WhitespaceSettings

    __version__: str

_HOMES = {
    "CalibratedSettings": "engine.settings.shelf.calibrated",
    "ClassicSettings": "engine.settings.shelf.classic",
    "DamagedRunError": "engine.runs.registry",
    "DarkshelfError": "engine.errors",
    "Explanation": "engine.outputs.desks",
    "GrowthSettings": "engine.settings.growth.scaling",
    "InputError": "engine.errors",
    "Night": "engine.outputs.shelf.result",
    "NotFoundError": "engine.errors",
    "OutputError": "engine.errors",
    "Problem": "engine.errors",
    "Ranked": "engine.outputs.whitespace.result",
    "Result": "engine.outputs.result",
    "Scaling": "engine.outputs.growth.result",
    "SettingsError": "engine.errors",
    "TryLaterError": "engine.errors",
    "WhitespaceSettings": "engine.settings.whitespace.run",
    "open_run": "engine.python",
    "run_growth": "engine.python",
    "run_shelf": "engine.python",
    "run_whitespace": "engine.python",
    "simulate": "engine.python",
}
"""Where every public name is defined."""

__all__ = [
    "CalibratedSettings",
    "ClassicSettings",
    "DamagedRunError",
    "DarkshelfError",
    "Explanation",
    "GrowthSettings",
    "InputError",
    "Night",
    "NotFoundError",
    "OutputError",
    "Problem",
    "Ranked",
    "Result",
    "Scaling",
    "SettingsError",
    "TryLaterError",
    "WhitespaceSettings",
    "__version__",
    "open_run",
    "run_growth",
    "run_shelf",
    "run_whitespace",
    "simulate",
]


def __dir__() -> list[str]:
    """Every public name, imported or not, beside what is there."""
    return sorted({*globals(), *__all__})


if not TYPE_CHECKING:
    # Hidden from type checkers, to which every misspelt name would otherwise be one of these.
    def __getattr__(name: str) -> Any:
        """A public name, from where it is defined."""
        if name == "__version__":
            from importlib.metadata import version

            return version("darkshelf")
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)
