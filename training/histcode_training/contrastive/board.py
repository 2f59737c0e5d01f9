"""The log of a training run for TensorBoard, where somebody asks for it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from histcode_training.contrastive.train import Advance
from napari_histcode.errors import MissingExtraError


class Board:
    """Writes each row of the log as scalars.

    Parameters
    ----------
    folder : Path
        Where the events go.

    Raises
    ------
    MissingExtraError
        If TensorBoard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            module: Any = import_module("torch.utils.tensorboard")
        except ImportError as error:
            raise MissingExtraError(
                "TensorBoard is not installed.", advice="Run: pip install tensorboard"
            ) from error
        self._writer = module.SummaryWriter(folder)

    def watch(self, advance: Advance) -> None:
        """Write what was logged after a step."""
        if advance.row is not None:
            for name, value in advance.row.values().items():
                self._writer.add_scalar(name, value, advance.step)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._writer.close()
