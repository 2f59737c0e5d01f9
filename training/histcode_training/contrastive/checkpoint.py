"""Checkpoints: everything that a killed run needs to go on as if nothing had happened.

There is no generator state in them: whatever is drawn in a step is drawn from generators that seed and step
number start anew (`generator_of`), so that the number of the step is the state of all chance.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from histcode_training.errors import ResumeError
from napari_histcode.files import replacing

LAYOUT = 1
_DAMAGED = (
    OSError, RuntimeError, EOFError, TypeError, KeyError, AttributeError, pickle.UnpicklingError,
)  # fmt: skip
"""What a reader of checkpoints may say of a file that is none, or a broken one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Checkpoint:
    """A run between two steps."""

    run: str
    """Digest of recipe, seed and tiles."""
    step: int
    """Steps taken."""
    seconds: float
    """Seconds of training so far."""
    n_collapsed: int
    """Rows of the log in a row that look like a collapse."""
    learner: dict[str, Any]
    """Weights, optimiser and negatives."""


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; the one before stays whole until this one is.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with replacing(path) as temporary:
        torch.save({"layout": LAYOUT, **vars(checkpoint)}, temporary)


def read_checkpoint(path: Path, *, run: str, device: torch.device) -> Checkpoint:
    """Read a checkpoint, tensors alone and never code.

    Parameters
    ----------
    path : Path
        The file.
    run : str
        Digest of the run that shall go on.
    device : torch.device
        Where the tensors go.

    Raises
    ------
    ResumeError
        If it is damaged, of another layout, or of another run.
    """
    try:
        content = torch.load(path, map_location=device, weights_only=True)
        layout = content.pop("layout")
        checkpoint = Checkpoint(**content) if layout == LAYOUT else None
    except _DAMAGED as error:
        raise ResumeError(
            f"The checkpoint {path.name} cannot be read ({type(error).__name__}).",
            advice="Choose another folder, or delete it to begin anew.",
        ) from error
    if checkpoint is None or checkpoint.run != run:
        raise ResumeError(
            f"The folder {path.parent.name!r} holds a run of another recipe, seed or set of tiles.",
            advice="Choose another folder, or delete what is there.",
        )
    return checkpoint


def generator_of(seed: int, step: int) -> torch.Generator:
    """Return the generator of one step, on the processor."""
    state = np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))
