"""How faithfulness is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class FaithfulnessConfig:
    """How faithfulness is measured. The same configuration gives the same numbers everywhere."""

    quantity: Literal["prediction", "raw"] = "prediction"
    """What is recorded: the output after the head's activation (probabilities), or before it (log-odds)."""
    n_steps: int = 100
    """Steps from all tiles to none."""
    n_random: int = 100
    """Random orders for the band; each counts from both of its ends."""
    n_tie_draws: int = 5
    """Draws that break the ties of a map, each with its mirror image; curves are their mean."""
    top_shares: tuple[float, ...] = (0.01, 0.05, 0.1, 0.25, 0.5)
    """Shares of the most relevant tiles that are kept alone (sufficiency) or left out (necessity)."""
    seed: int = 0
    """Seed of all randomness."""

    def __post_init__(self) -> None:
        if min(self.n_steps, self.n_random, self.n_tie_draws) < 1:
            raise ValueError("n_steps, n_random and n_tie_draws are at least 1.")
        for share in self.top_shares:
            if not 0 < share < 1:
                raise ValueError(f"A share of top tiles is between 0 and 1, not {share}.")
