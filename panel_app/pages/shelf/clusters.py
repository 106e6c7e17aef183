"""Clusters: signs of a map that would lie on one another are drawn as one, which says how many stores it stands for.

In: places in metres, in the order in which they lead. Out: for each place the one that leads it. What is left alone
leads itself.
"""

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

Places = npt.NDArray[np.float64]
Leads = npt.NDArray[np.int64]


def clustered(x: Places, y: Places, reach: float) -> Leads:
    """The row that leads each place: the first row takes all within `reach` metres, the next one what is left."""
    leads = np.full(len(x), -1, np.int64)
    if not len(x):
        return leads
    around = cKDTree(np.column_stack([x, y]))
    for row in range(len(x)):
        if leads[row] < 0:
            near = np.asarray(around.query_ball_point((x[row], y[row]), reach), np.int64)
            leads[near[leads[near] < 0]] = row
    return leads


def fanned(x: Places, y: Places, reach: float) -> tuple[Places, Places]:
    """The same places, those of one cluster moved onto a ring around it, so far apart that each can be told."""
    leads, moved_x, moved_y = clustered(x, y, reach), x.copy(), y.copy()
    for lead in np.unique(leads):
        members = np.flatnonzero(leads == lead)
        if len(members) > 1:
            turns = 2 * np.pi * np.arange(len(members)) / len(members)
            radius = reach * max(1.0, len(members) / np.pi)
            moved_x[members] = x[lead] + radius * np.cos(turns)
            moved_y[members] = y[lead] + radius * np.sin(turns)
    return moved_x, moved_y
