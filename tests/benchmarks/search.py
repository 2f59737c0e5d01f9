"""How long does it take to search many tiles? Run ``python -m tests.benchmarks.search [--tiles N ...]``.

Builds an index of made-up slides in a temporary folder, whose features are drawn from real ones (of the
bundled sample, encoded when this starts): a tile plus a share of the difference of two others, so that
their spectrum is real, and cut at zero as the encoder's are. Searches for single tiles, for the mean of 50
tiles, and for directions of pure noise, which is the worst case, since nothing can be ruled out early.
Prints one line of JSON for each size: medians and slowest in milliseconds, the share of tiles that were
looked at in full, what a search that reads everything takes, and whether both agree.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_histcode import resources
from napari_histcode.features.encode import encode_tiles
from napari_histcode.models.model_file import load_model
from napari_histcode.progress import CancelToken
from napari_histcode.similarity import index_build, search
from napari_histcode.similarity.basis import Basis, basis_of, write_basis
from napari_histcode.similarity.index import TileIndex, open_index
from napari_histcode.similarity.manifest import IndexedSlide, Manifest, slide_files, write_manifest
from napari_histcode.similarity.query import query_vector
from napari_histcode.similarity.sources import encoder_of
from napari_histcode.slide import open_slide
from napari_histcode.tiling import TilingConfig
from napari_histcode.tiling.lay import lay_tiles
from napari_histcode.tissue.find import find_tissue

SLIDE_TILES = 50_000
MIXED_IN = 0.5
"""Share of the difference of two other tiles that is added: neighbours of a tile are then at about 0.8."""
N_QUERIES = 15
TOP = 50


def main() -> None:
    """Measure, and print a line of JSON for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiles", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--folder", type=Path, help="where the temporary index goes")
    options = parser.parse_args()
    real = real_features()
    for n in options.tiles:
        folder = Path(tempfile.mkdtemp(dir=options.folder))
        try:
            print(json.dumps(measure(folder, real, n)), flush=True)
        finally:
            shutil.rmtree(folder)


def real_features() -> NDArray[np.float32]:
    """Encode the bundled sample with the bundled model."""
    model = load_model()
    record = model.encoder.record
    with open_slide(resources.SAMPLE_SLIDE) as slide:
        tiling = TilingConfig(tile_px=record.tile_px, target_mpp=record.mpp)
        grid = lay_tiles(slide, find_tissue(slide), tiling)
        return np.asarray(encode_tiles(slide, grid, model.encoder).features)


def made_up(real: NDArray[np.float32], n: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Draw n features like the real ones."""
    a, b, c = random.integers(0, len(real), (3, n))
    return np.maximum(real[a] + np.float32(MIXED_IN) * (real[b] - real[c]), 0)


def build(folder: Path, real: NDArray[np.float32], n: int) -> tuple[TileIndex, float]:
    """Write an index of n tiles; return it with the seconds that writing took."""
    random = np.random.default_rng(0)
    sample = made_up(real, 20_000, random)
    basis = basis_of(sample, sample.mean(axis=0))
    write_basis(basis, folder)
    slides, seconds = [], 0.0
    for number, start in enumerate(range(0, n, SLIDE_TILES)):
        features = made_up(real, min(SLIDE_TILES, n - start), random)
        begin = time.perf_counter()
        slides.append(write_slide(folder, basis, features, number))
        seconds += time.perf_counter() - begin
    manifest = Manifest(
        encoder=encoder_of(load_model().encoder.record),
        basis=basis.name,
        n_axes=basis.n_axes,
        basis_keys=(),
        slides=tuple(slides),
    )
    write_manifest(manifest, folder)
    return open_index(folder), seconds


def write_slide(folder: Path, basis: Basis, features: NDArray[np.float32], number: int) -> IndexedSlide:
    """Write the tiles of one slide as `update_index` does."""
    digest = f"{number:064x}"
    slide = IndexedSlide(
        alias=f"slide-{digest[-8:]}", digest=digest, key=digest, n_tiles=len(features),
        size_px0=(256.0, 256.0), stride_px0=(256.0, 256.0),
    )  # fmt: skip
    parts = [index_build.index_vectors(features[i : i + 4096], basis) for i in range(0, len(features), 4096)]
    columns = int(len(features) ** 0.5)
    places = np.stack([np.arange(len(features)) % columns, np.arange(len(features)) // columns], axis=1)
    arrays = (
        np.concatenate([vectors for vectors, _ in parts]),
        np.concatenate([prefixes for _, prefixes in parts]),
        places.astype(np.int32),
    )
    for name, array in zip(slide_files(slide, basis.name), arrays, strict=True):
        np.save(folder / name, array)
    return slide


def measure(folder: Path, real: NDArray[np.float32], n: int) -> dict[str, object]:
    """Build an index of n tiles, and time searches in it."""
    index, build_s = build(folder, real, n)
    forget(folder)
    vector = single(index, 0)
    begin = time.perf_counter()
    search.search(index, vector, top=TOP)
    from_disk_ms = 1000 * (time.perf_counter() - begin)
    for part in index.parts:  # fill the page cache, so that all of the rest is from memory
        part.vectors.sum(dtype=np.float32)
    random = np.random.default_rng(1)
    rows = random.integers(0, n, N_QUERIES)
    noise = random.normal(size=(3, real.shape[1])).astype(np.float32)
    queries = {
        "tile": [single(index, int(row)) for row in rows],
        "region": [
            query_vector(made_up(real[i : i + 50], 50, random), index.basis.centre) for i in range(0, 500, 50)
        ],
        "noise": list(noise / np.linalg.norm(noise, axis=1, keepdims=True)),
    }
    result: dict[str, object] = {
        "benchmark": "search",
        "tiles": n,
        "cores": os.cpu_count(),
        "disk_gb": round(sum(file.stat().st_size for file in folder.iterdir()) / 1e9, 2),
        "write_s": round(build_s, 1),
        "first_from_disk_ms": round(from_disk_ms, 1),
    }
    for name, vectors in queries.items():
        result |= timings(index, name, vectors)
    agree, all_ms = everything(index, queries["tile"][0])
    result |= {"read_everything_ms": round(all_ms), "agrees": agree}
    result["peak_memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return result


def single(index: TileIndex, row: int) -> NDArray[np.float32]:
    """Take the vector of a tile as query."""
    part, position = divmod(row, SLIDE_TILES)
    vector = np.asarray(index.parts[part].vectors[position], np.float32)
    return vector / np.linalg.norm(vector)


def timings(index: TileIndex, name: str, vectors: list[NDArray[np.float32]]) -> dict[str, object]:
    """Time searches, and count the tiles that were looked at in full."""
    seconds, looked_at = [], []
    original = search.similarities_at
    for vector in vectors:
        counts: list[int] = []

        def counted(index, positions, vector, counts=counts):
            counts.append(len(positions))
            return original(index, positions, vector)

        search.similarities_at = counted
        begin = time.perf_counter()
        search.search(index, vector, top=TOP)
        seconds.append(time.perf_counter() - begin)
        looked_at.append(sum(counts))
    search.similarities_at = original
    return {
        f"{name}_ms": round(1000 * statistics.median(seconds), 1),
        f"{name}_slowest_ms": round(1000 * max(seconds), 1),
        f"{name}_in_full": f"{statistics.median(looked_at) / len(index):.2%}",
    }


def everything(index: TileIndex, vector: NDArray[np.float32]) -> tuple[bool, float]:
    """Look at every tile in full, and compare."""
    begin = time.perf_counter()
    values = search.similarities_at(index, np.arange(len(index)), vector)
    milliseconds = 1000 * (time.perf_counter() - begin)
    best = np.lexsort((np.arange(len(values)), -values))[:TOP]
    found, _ = search.nearest(index, vector, TOP, leave_out=np.empty(0, np.intp), cancel=CancelToken())
    return bool(np.array_equal(found, best)), milliseconds


def forget(folder: Path) -> None:
    """Ask the system to drop the files from its cache, where it can be asked."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


if __name__ == "__main__":
    main()
