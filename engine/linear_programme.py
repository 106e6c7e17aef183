"""Linear programme: the best amounts within limits, found by HiGHS (Huangfu & Hall 2018).

SciPy holds the same solver, and takes a third of a processor second or more to import.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.arrays import Floats, Integers
from engine.errors import DarkshelfError

if TYPE_CHECKING:
    import highspy


@dataclass(frozen=True)
class Lines:
    """Limits: sums of weighted amounts, each within two bounds.

    line, amount, weight: (n_entries,), which amount counts in which line and how much; at most one entry for both.
    least, most: (n_lines,), infinite where there is no bound.
    """

    line: Integers
    amount: Integers
    weight: Floats
    least: Floats
    most: Floats


@dataclass(frozen=True)
class Best:
    """The best amounts. amounts: (n_amounts,), a corner of what the limits allow unless they are whole.

    prices: (n_lines,), what the gain grows by where a line's most is raised by one, 0 where it does not bind, and
    negative where it is the least that binds; they mean nothing of whole amounts.
    """

    amounts: Floats
    prices: Floats


def best_amounts(gain: Floats, upper: Floats, lines: Lines, *, whole: bool = False) -> Best:
    """The amounts of the largest gain. gain: of one of each amount, (n_amounts,). upper: the most of each, from 0.

    whole: the amounts are whole numbers. Raises DarkshelfError where no amounts keep the limits, or none is the best.
    """
    # Imported by whoever has something to solve.
    import highspy

    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    # Of linear programmes the simplex method finds corners; asked for it, HiGHS would take no amount for whole.
    options = {"output_flag": False, "threads": 1, "solver": "choose" if whole else "simplex", "mip_rel_gap": 0.0}
    for name, value in options.items():
        solver.setOptionValue(name, value)
    solver.passModel(_model(gain, upper, lines, whole=whole))
    solver.run()
    status = solver.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        told = solver.modelStatusToString(status).lower()
        raise DarkshelfError(f"no best plan of {gain.size:,} amounts within {lines.most.size:,} limits: {told}")
    found = solver.getSolution()
    return Best(np.array(found.col_value), 0.0 - np.array(found.row_dual))


def _model(gain: Floats, upper: Floats, lines: Lines, *, whole: bool) -> "highspy.HighsLp":
    """The programme as HiGHS takes it: a cost to be small, and the entries amount by amount."""
    import highspy

    order = np.lexsort((lines.line, lines.amount))
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = gain.size, lines.most.size
    model.col_cost_, model.col_lower_, model.col_upper_ = -gain, np.zeros(gain.size), upper
    model.row_lower_, model.row_upper_ = lines.least, lines.most
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = np.searchsorted(lines.amount[order], np.arange(gain.size + 1))
    model.a_matrix_.index_, model.a_matrix_.value_ = lines.line[order], lines.weight[order]
    if whole:
        model.integrality_ = [highspy.HighsVarType.kInteger] * gain.size
    return model
