"""Splits: rolling origins, grouped by customer and purged by label interval. The one splitter of the desk.

In: labelled rows of several cutoffs. Out: folds. A fold validates one group of customers at one cutoff, and trains on
the other groups at cutoffs whose labels ended `purge_days` before. So no customer is on both sides, and no label
interval of one side reaches into the other.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from engine.arrays import Integers, Marks
from engine.settings.whitespace.gauntlet import WaiverSettings
from engine.settings.whitespace.modeling import ModelSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact
from engine.whitespace.slug import slug

VERSION = "rolling origins 1"
"""Of the splitter, as manifests name it; another way to split gets another."""


@dataclass(frozen=True)
class Fold:
    """One origin and one group of customers.

    cutoff: what is validated. group: the customers that are. train, valid: (n_rows,), of the rows that were split.
    train_label_end: the newest label interval trained on ends then. purged_by_time, purged_by_customer: rows kept out
    of training because their label ends too late, and because their customer is validated.
    """

    cutoff: dt.date
    group: int
    train: Marks
    valid: Marks
    train_label_end: dt.date
    valid_label_end: dt.date
    purged_by_time: int
    purged_by_customer: int

    @property
    def name(self) -> str:
        """The cutoff and the group."""
        return f"{self.cutoff}/{self.group}"

    def within(self, keep: Marks) -> "Fold":
        """The same fold of fewer rows. keep: (n_rows,)."""
        return replace(self, train=self.train[keep], valid=self.valid[keep])


def rolling_origins(rows: pl.DataFrame, settings: ModelSettings, waivers: WaiverSettings) -> tuple[Fold, ...]:
    """The folds of some rows, by cutoff and group; cutoffs before which no label has ended are only trained on.

    rows: customer_id, cutoff, label (null is in no fold) and window_end. An empty side makes no fold.
    """
    purge = dt.timedelta(days=0 if waivers.purge else settings.purge_days)
    groups, known = customer_groups(rows[v.CUSTOMER], settings), rows["label"].is_not_null().to_numpy()
    ends, cutoffs = rows["window_end"], rows[v.CUTOFF]
    folds = []
    for cutoff in cutoffs.unique().sort():
        ended = (ends <= cutoff - purge).to_numpy() & known
        here = (cutoffs == cutoff).to_numpy() & known
        for group in range(settings.folds):
            train, valid = ended & (groups != group), here & (groups == group)
            if train.any() and valid.any():
                late = known & ~ended & ~here & (cutoffs < cutoff).to_numpy()
                folds.append(
                    Fold(
                        cutoff,
                        group,
                        train,
                        valid,
                        _last(ends, train),
                        _last(ends, valid),
                        purged_by_time=int(late.sum()),
                        purged_by_customer=int((ended & (groups == group)).sum()),
                    )
                )
    return tuple(folds)


def far_months(rows: pl.DataFrame, far_days: int, at_most: int) -> tuple[Fold, ...]:
    """A fold for each of the newest cutoffs that lie so many days after some training label ended, in order.

    Everybody is on both sides, as when a model is used: what is held out is the time. rows: as `rolling_origins`
    takes them. A cutoff before which no label ended so early has no fold.
    """
    known, ends, cutoffs = rows["label"].is_not_null().to_numpy(), rows["window_end"], rows[v.CUTOFF]
    folds = []
    for cutoff in cutoffs.unique().sort():
        train = (ends <= cutoff - dt.timedelta(far_days)).to_numpy() & known
        valid = (cutoffs == cutoff).to_numpy() & known
        if train.any() and valid.any():
            late = known & ~train & (cutoffs < cutoff).to_numpy()
            bounds = (_last(ends, train), _last(ends, valid))
            folds.append(Fold(cutoff, 0, train, valid, *bounds, purged_by_time=int(late.sum()), purged_by_customer=0))
    return tuple(folds[-at_most:])


def customer_groups(customers: pl.Series, settings: ModelSettings) -> Integers:
    """The group of each row's customer, 0 to `folds` - 1: by its id and the seed alone, whoever else is there."""
    names = customers.cast(pl.String)
    ids = names.unique().sort()
    places = np.array([_group(one, settings) for one in ids], np.int64)
    return np.asarray(places[ids.search_sorted(names).to_numpy()])


def artifacts(
    rows: pl.DataFrame, folds: Sequence[Fold], cutoff: dt.date, settings: ModelSettings, waivers: WaiverSettings
) -> list[Artifact]:
    """`cv_manifest_<div>_<cut>.json` and `fold_assignments_<div>_<cut>.csv` of every division.

    rows: those that were split, customer_id, division, cutoff, label, window_end. cutoff: the scoring cutoff.
    """
    groups = pl.Series("fold", customer_groups(rows[v.CUSTOMER], settings))
    validated = sorted({fold.cutoff for fold in folds})
    role = pl.when(pl.col(v.CUTOFF).is_in(validated)).then(pl.lit("train and validate")).otherwise(pl.lit("train"))
    assigned = rows.select(*v.ROW, "label").with_columns(groups, role=role)
    files = []
    for division in rows[v.DIVISION].unique().sort():
        ours = (rows[v.DIVISION] == division).to_numpy()
        name = f"{slug(str(division))}_{cutoff}"
        manifest = {
            "division": str(division),
            "splitter": VERSION,
            "seed": settings.seed,
            "groups": settings.folds,
            "purge_days": 0 if waivers.purge else settings.purge_days,
            "purge_waived": waivers.purge,
            "folds": [_described(fold, rows, ours) for fold in folds],
        }
        table = assigned.filter(pl.Series(ours), pl.col("label").is_not_null()).drop("label", v.DIVISION)
        files += [
            Artifact(f"cv_manifest_{name}.json", manifest),
            Artifact(f"fold_assignments_{name}.csv", table.sort(v.CUTOFF, v.CUSTOMER)),
        ]
    return files


def _group(customer: str, settings: ModelSettings) -> int:
    digest = hashlib.blake2b(f"{settings.seed}:{customer}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % settings.folds


def _last(days: pl.Series, where: Marks) -> dt.date:
    return days.filter(pl.Series(where)).dt.max()  # type: ignore[return-value]


def _described(fold: Fold, rows: pl.DataFrame, ours: Marks) -> dict[str, object]:
    """A fold as the manifest of a division tells it; purged rows are counted over all divisions."""
    train, valid = (rows.filter(pl.Series(side & ours)) for side in (fold.train, fold.valid))
    return {
        "fold": fold.name,
        "n_train": train.height,
        "n_valid": valid.height,
        "n_customers_train": train[v.CUSTOMER].n_unique(),
        "n_customers_valid": valid[v.CUSTOMER].n_unique(),
        "n_positives_train": int(train["label"].sum()),
        "n_positives_valid": int(valid["label"].sum()),
        "train_label_end": str(fold.train_label_end),
        "valid_label_start": str(fold.cutoff),
        "valid_label_end": str(fold.valid_label_end),
        "purged_by_time_all_divisions": fold.purged_by_time,
        "purged_by_customer_all_divisions": fold.purged_by_customer,
    }
