"""State: what features take from the training rows and never learn again: caps, vocabularies, priors, frames."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from engine.arrays import Floats
from engine.whitespace.artifact import Artifact, as_npy

STATE: Final = "features/feature_state.json"


def frame_file(name: str) -> str:
    """Where the reference factors of an embedding lie in a run folder."""
    return f"features/frame_{name}.npy"


@dataclass(frozen=True)
class Frame:
    """Item factors that later factorisations are turned to.

    items: names of SKU and division. factors: (n_items, n_factors).
    """

    items: tuple[str, ...]
    factors: Floats


@dataclass(frozen=True)
class State:
    """What was fitted, and on which rows. Grain: one training cutoff.

    seen: cutoff, customers, transactions and the newest event and known day that fitting saw. caps: by money feature
    the least and the largest value that stays. vocabularies: frozen levels by what they are of, most common first.
    line_profit, customer_profit: median gross profit of an order line and of a customer's two years, in money.
    pair_profit_cap: two years' profit of a customer and division that only one in a hundred exceeds. division_shares:
    of all order lines, by division. purchase_rates: the four parameters of BG/NBD by scope. missing: features whose
    absence has a flag. frames: reference item factors by embedding.
    """

    seen: Mapping[str, Any]
    line_profit: float
    customer_profit: float
    pair_profit_cap: float
    vocabularies: Mapping[str, tuple[str, ...]]
    division_shares: Mapping[str, float]
    purchase_rates: Mapping[str, tuple[float, float, float, float]]
    caps: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    frames: Mapping[str, Frame] = field(default_factory=dict)

    def as_artifacts(self) -> list[Artifact]:
        """The state as files: `feature_state.json`, and the reference factors of every embedding."""
        frames = [Artifact(frame_file(name), as_npy(frame.factors)) for name, frame in self.frames.items()]
        return [Artifact(STATE, self._as_dict() | {"hash": self.hash()}), *frames]

    @classmethod
    def load(cls, run_folder: Path) -> "State":
        """What a run published of its state. Raises OSError where it published none."""
        fields = json.loads((run_folder / STATE).read_text(encoding="utf-8"))
        del fields["hash"]
        for name in ("vocabularies", "purchase_rates", "caps"):
            fields[name] = {key: tuple(values) for key, values in fields[name].items()}
        fields["frames"] = {
            name: Frame(tuple(items), np.load(run_folder / frame_file(name), allow_pickle=False))
            for name, items in fields["frames"].items()
        }
        return cls(**fields | {"missing": tuple(fields["missing"])})

    def hash(self) -> str:
        """Of everything fitted, whatever the machine."""
        digest = hashlib.blake2b(json.dumps(self._as_dict(), sort_keys=True).encode(), digest_size=16)
        for name in sorted(self.frames):
            digest.update(np.ascontiguousarray(self.frames[name].factors).tobytes())
        return digest.hexdigest()

    def _as_dict(self) -> dict[str, Any]:
        return {
            "seen": dict(self.seen),
            "line_profit": self.line_profit,
            "customer_profit": self.customer_profit,
            "pair_profit_cap": self.pair_profit_cap,
            "vocabularies": {name: list(levels) for name, levels in self.vocabularies.items()},
            "division_shares": dict(self.division_shares),
            "purchase_rates": {scope: list(rates) for scope, rates in self.purchase_rates.items()},
            "caps": {name: list(caps) for name, caps in self.caps.items()},
            "missing": list(self.missing),
            "frames": {name: list(frame.items) for name, frame in self.frames.items()},
        }
