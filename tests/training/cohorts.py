"""Small cohorts of slides on disk, with a signal planted in some tiles."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

FEATURE_DIM = 8


def write_features(path: Path, features: np.ndarray, *, encoder: str = "planted", key: str = "") -> None:
    """Write features as TRIDENT does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file.create_dataset("features", data=features.astype(np.float32)).attrs["encoder"] = encoder
        file.create_dataset("coords", data=np.zeros((len(features), 2), np.int64))
        if key:
            file.attrs["histcode_key"] = key


def write_cohort(folder: Path, *, n_patients: int = 12, n_tiles: int = 10, seed: int = 0) -> Path:
    """Write ``cohort.csv`` with classes and genes, and features that show both; patient 0 has two slides."""
    random = np.random.default_rng(seed)
    lines = ["slide,patient,site,label,GENE1,GENE2"]
    for p in [0, *range(n_patients)]:
        number = len(lines)
        label = ("red", "green", "blue")[p % 3]
        level = random.normal()
        features = random.normal(0, 0.3, (n_tiles, FEATURE_DIM))
        features[: n_tiles // 2, p % 3] += 4
        features[:, 5] += level
        write_features(folder / "features" / f"slide-{number}.h5", features)
        noise = random.normal()
        lines.append(f"slide-{number}.svs,patient-{p},site-{p % 4},{label},{level:.4f},{noise:.4f}")
    (folder / "cohort.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
