"""Arguments that travel together through several kernels. `compiling.given` makes them what kernels take."""

from typing import NamedTuple

from engine.kernels.types import Floats1D, Floats2D, Integers1D, Out


class Weighing(NamedTuple):
    """How an episode's log likelihood ratio is weighed.

    level_drift: relative variance that an ordinary level gains with every day of it. depths: (n_depths,), shares of
    the expectation that a fall may leave. log_depths: (n_depths,), their logarithms. weights: (n_depths,), of the
    depths.
    """

    level_drift: float
    depths: Floats1D
    log_depths: Floats1D
    weights: Floats1D


class Factors(NamedTuple):
    """What multiplies a level. weekday: (categories, n_days). offer: (categories, offers). store_day: (stores,
    n_days). sku_day: (skus, n_days).
    """

    weekday: Floats2D
    offer: Floats2D
    store_day: Floats2D
    sku_day: Floats2D


class Borrowed(NamedTuple):
    """What other stores say of rows that were listed late.

    level: (n_rows,), units a day, 0 where nothing is borrowed. relative_variance: (n_rows,), of such a level, by how
    far stores differ. dispersion: (n_rows,), of the own days.
    """

    level: Floats1D
    relative_variance: Floats1D
    dispersion: Floats1D


class Spans(NamedTuple):
    """Days of rows, from a first to a last one, both included. All (n_spans,)."""

    rows: Integers1D
    firsts: Integers1D
    lasts: Integers1D


class FoundSpans(NamedTuple):
    """Room for `Spans` that a kernel finds: written as far as it reaches, so that a call with empty arrays counts."""

    rows: Out[Integers1D]
    firsts: Out[Integers1D]
    lasts: Out[Integers1D]
