"""Where models are: the bundled one, and a folder of the user's. Reads cards only, without torch."""

from __future__ import annotations

import logging
import os
from importlib import resources
from pathlib import Path

from napari_histcode.errors import ModelFileError, ModelNotFoundError
from napari_histcode.models.card import ModelCard
from napari_histcode.models.card_json import read_card_file
from napari_histcode.user_folder import user_folder

logger = logging.getLogger(__name__)

BUNDLED = "bundled"
"""Name of the model that comes with the package."""
CARD_NAME = "card.json"
"""The card's file in a model folder."""
WEIGHTS_NAME = "weights.safetensors"
"""The weights' file in a model folder."""
STATISTICS_NAME = "statistics.safetensors"
"""The file of feature statistics in a model folder, where there is one."""


def models_folder() -> Path:
    """Return the user's folder of models: ``$HISTCODE_MODELS``, or one in the user's folder.

    It need not exist. Each model is a folder in it.
    """
    if chosen := os.environ.get("HISTCODE_MODELS"):
        return Path(chosen).expanduser()
    return user_folder() / "models"


def bundled_folder() -> Path:
    """Return the folder of the bundled model."""
    return Path(str(resources.files("napari_histcode"))) / "resources" / "models" / BUNDLED


def find_model(name_or_path: str | os.PathLike[str]) -> Path:
    """Return the folder of a model.

    Parameters
    ----------
    name_or_path : str or path
        "bundled"; a model folder, or its card or weights file; or the name of a model (its folder's,
        or that on its card) in `models_folder`.

    Raises
    ------
    ModelNotFoundError
        If there is none; the advice lists the models there are.
    """
    if name_or_path == BUNDLED and (bundled_folder() / CARD_NAME).is_file():
        return bundled_folder()
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        return path
    if path.is_file() and path.name in (CARD_NAME, WEIGHTS_NAME):
        return path.parent
    for folder, card in _known_models():
        if os.fspath(name_or_path) in (folder.name, card.name):
            return folder
    names = ", ".join(folder.name for folder, _ in _known_models()) or "none"
    raise ModelNotFoundError(
        f"There is no model {os.fspath(name_or_path)!r}.",
        advice=f"Known models: {names}. Give one of these names, or the path of a model folder.",
    )


def read_card(name_or_path: str | os.PathLike[str]) -> ModelCard:
    """Return a model's card without loading the model.

    Raises
    ------
    ModelNotFoundError
        If there is no such model.
    ModelFileError
        If its card is missing or does not fit.
    """
    return read_card_file(find_model(name_or_path) / CARD_NAME)


def list_models() -> tuple[ModelCard, ...]:
    """Return the cards of the bundled model and of those in `models_folder`.

    A model whose card cannot be read is left out with a warning in the log.
    """
    return tuple(card for _, card in _known_models())


def _known_models() -> list[tuple[Path, ModelCard]]:
    folders = [bundled_folder()]
    if models_folder().is_dir():
        folders += sorted(folder for folder in models_folder().iterdir() if folder.is_dir())
    known = []
    for folder in folders:
        if not (folder / CARD_NAME).is_file():
            continue
        try:
            known.append((folder, read_card_file(folder / CARD_NAME)))
        except ModelFileError as error:
            logger.warning("The model in %s is left out: %s", folder.name, error)
    return known
