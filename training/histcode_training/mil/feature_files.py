"""Bags from feature files: ours, TRIDENT's and CLAM's.

All hold ``features`` (n, d), CLAM's sometimes (1, n, d), or are a bare tensor in ``.pt``. d is read, never
assumed. Ours say by digest which encoder made them, TRIDENT's by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import FeatureFileError, ModelMismatchError, NoTilesError
from napari_histcode.features.feature_file import KEY_ATTRIBUTE, read_feature_file

_ADVICE = "Encode the slide again."


@dataclass(frozen=True, kw_only=True, eq=False)
class BagFile:
    """The features of one slide, wherever they came from."""

    features: NDArray[np.float32]
    """(n_tiles, feature_dim); mapped from the file where that can be."""
    encoder: str
    """Name of the encoder; empty where the file does not say."""
    encoder_digest: str
    """Digest of its weights; empty where the file does not say."""


def find_bag_file(folder: Path, slide: str) -> Path:
    """Find a slide's feature file in a folder of features.

    Parameters
    ----------
    folder : Path
        Holds ``<slide>.h5`` (TRIDENT, CLAM), ``<slide>.pt`` (CLAM) or ``<slide>/features.h5`` (ours).
    slide : str
        Name without extension.

    Raises
    ------
    FeatureFileError
        If there is none.
    """
    for path in (
        folder / f"{slide}.h5",
        folder / slide / "features.h5",
        folder / "h5_files" / f"{slide}.h5",
        folder / f"{slide}.pt",
        folder / "pt_files" / f"{slide}.pt",
    ):
        if path.is_file():
            return path
    raise FeatureFileError(
        f"There is no feature file of the slide {slide!r} in {folder.name!r}.",
        advice="Encode it, or remove it from the cohort's table.",
    )


def read_bag_file(path: Path) -> BagFile:
    """Read a feature file of any of these programs.

    Raises
    ------
    FeatureFileError
        If it is damaged or of another layout.
    NoTilesError
        If it holds no tile.
    """
    bag = _read_tensor(path) if path.suffix == ".pt" else _read_h5(path)
    if bag.features.ndim != 2:
        raise FeatureFileError(
            f"{path.name}: features have shape {bag.features.shape}, not (n_tiles, feature_dim).",
            advice=_ADVICE,
        )
    if not len(bag.features):
        raise NoTilesError(f"{path.name} holds no tile.", advice="Remove the slide, or encode it again.")
    if not np.isfinite(bag.features).all():
        raise FeatureFileError(f"{path.name} holds values that are not finite.", advice=_ADVICE)
    return bag


def _read_h5(path: Path) -> BagFile:
    try:
        with h5py.File(path, "r") as file:
            if KEY_ATTRIBUTE in file.attrs:
                digest = str(file.attrs.get("histcode_encoder_digest", ""))
                name = str(file["features"].attrs.get("encoder", ""))
                return BagFile(features=read_feature_file(path).features, encoder=name, encoder_digest=digest)
            dataset = file["features"] if "features" in file else file["feats"]
            features = np.asarray(dataset[:], np.float32)
            name = str(dataset.attrs.get("encoder", ""))
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise FeatureFileError(f"{path.name} cannot be read: {error}.", advice=_ADVICE) from error
    return BagFile(features=_without_batch(features), encoder=name, encoder_digest="")


def _read_tensor(path: Path) -> BagFile:
    import pickle

    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise FeatureFileError(f"{path.name} cannot be read: {error}.", advice=_ADVICE) from error
    if not isinstance(content, torch.Tensor):
        raise FeatureFileError(f"{path.name} is a {type(content).__name__} and not a tensor.", advice=_ADVICE)
    return BagFile(features=_without_batch(content.float().numpy()), encoder="", encoder_digest="")


def _without_batch(features: NDArray[np.float32]) -> NDArray[np.float32]:
    return features[0] if features.ndim == 3 and len(features) == 1 else features


def check_same_encoder(files: dict[str, BagFile], *, digest: str = "") -> None:
    """Refuse a cohort whose features are of several encoders, or of another than the model's.

    Parameters
    ----------
    files : dict
        Slide to its features.
    digest : str
        Of the encoder that the model file shall hold; empty where there is none.

    Raises
    ------
    ModelMismatchError
        If digests, names or lengths of features differ, or a digest is not the wanted one.
    """
    first_of: dict[str, tuple[str, str]] = {}
    for slide, bag in files.items():
        if digest and bag.encoder_digest and bag.encoder_digest != digest:
            raise ModelMismatchError(
                f"The features of {slide!r} are of the encoder {bag.encoder} {bag.encoder_digest[:12]}, "
                f"and the "
                f"model's is {digest[:12]}.",
                advice="Encode the slide with the model's encoder.",
            )
        length = str(bag.features.shape[1])
        for what, value in (("encoder", bag.encoder), ("digest", bag.encoder_digest), ("length", length)):
            other, there = first_of.setdefault(what, (slide, value))
            if value and there and value != there:
                raise ModelMismatchError(
                    f"The features of {slide!r} and {other!r} are of different encoders: {what} "
                    f"{value[:24]} and "
                    f"{there[:24]}.",
                    advice="Encode all slides of a cohort with one encoder.",
                )
