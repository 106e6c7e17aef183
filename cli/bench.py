"""`darkshelf bench`: how fast a night is here, beside the figures it was released with."""

from typing import Annotated

import typer

from cli.console import err, out, table


def bench(
    size: Annotated[str, typer.Option(help="Store-SKUs of the simulated chain: 10k, 100k or 1m.")] = "10k",
    rounds: Annotated[int, typer.Option(min=1, help="How often everything runs.")] = 3,
) -> None:
    """Time a night on this machine against merely reading its tables, beside the figures it was released with.

    Example:  darkshelf bench --size 100k --rounds 5
    """
    from engine.errors import NotFoundError

    try:
        from bench.speed.compare import compare
        from bench.speed.sizes import SIZES, data_home
    except ModuleNotFoundError as error:
        raise NotFoundError(
            "the benchmarks come with a clone of the project, not with the installed package: run it there"
        ) from error
    if size not in SIZES:
        raise typer.BadParameter(f"{size!r} is none of {', '.join(SIZES)}", param_hint="--size")
    with err.status(f"simulating {size} store-SKUs if they are not there yet, then {rounds} rounds"):
        lines = compare(size, rounds)
    rows = table("ratio", "here", "released with", "target", numbers=("here", "released with", "target"))
    for line in lines:
        target = "" if line.target is None or size != "100k" else f"at most {line.target:g}"
        rows.add_row(line.name, _in_range(line.here), _in_range(line.baseline), target)
    out.print(rows)
    out.print(
        f"How many times the floor fits: the floor reads every column a night needs, once. Median of the rounds, "
        f"smallest and largest in brackets. The chain is kept in {data_home()}.",
        markup=False,
        soft_wrap=True,
    )


def _in_range(spread: tuple[float, float, float] | None) -> str:
    if spread is None:
        return "–"
    low, middle, high = spread
    return f"{middle:.3g} ({low:.3g} to {high:.3g})"
