from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_histcode.errors import (
    AnalysisCancelledError,
    IndexFileError,
    ModelMismatchError,
    NoTilesError,
)
from napari_histcode.features.bag import FeatureBag
from napari_histcode.progress import CancelToken, Progress
from napari_histcode.similarity.index import TileIndex, open_index
from napari_histcode.similarity.index_build import update_index
from napari_histcode.similarity.search import nearest, search, similarities_at, upper_bounds
from napari_histcode.similarity.sources import find_feature_files
from napari_histcode.tiling.lookup import with_neighbours
from tests.similarity.planted import encoder, grid_of, make_bag, write_bag

DIGESTS = ("a1" * 32, "b2" * 32, "c3" * 32)
NOTHING = np.empty(0, np.intp)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    for seed, digest in enumerate(DIGESTS):
        write_bag(folder / f"Jane_Doe_{seed}", make_bag(digest, seed=seed))
    return folder


@pytest.fixture(scope="module")
def index(results: Path) -> TileIndex:
    return update_index(results / "similarity-index", find_feature_files(results)).index


def everything(index: TileIndex, vector: np.ndarray) -> np.ndarray:
    vectors = np.concatenate([np.asarray(part.vectors, np.float64) for part in index.parts])
    return vectors @ vector


def test_vectors_are_unit_from_the_common_mean(index: TileIndex) -> None:
    features = np.concatenate([make_bag(d, seed=s).features for s, d in enumerate(DIGESTS)])
    np.testing.assert_allclose(index.basis.centre, features.mean(axis=0), atol=1e-5)
    away = features - features.mean(axis=0)
    unit = away / np.linalg.norm(away, axis=1, keepdims=True)
    stored = np.concatenate([np.asarray(part.vectors) for part in index.parts])
    np.testing.assert_allclose(stored, unit, atol=1e-3)
    axes = index.basis.axes
    np.testing.assert_allclose(axes.T @ axes, np.eye(axes.shape[1]), atol=1e-5)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000), top=st.integers(1, 400), from_data=st.booleans(), n_axes=st.integers(0, 48)
)
def test_search_is_exact_whatever_the_axes(
    index: TileIndex, seed: int, top: int, from_data: bool, n_axes: int
) -> None:
    random = np.random.default_rng(seed)
    cut = with_axes(index, n_axes)
    vector = random.normal(size=48)
    if from_data:
        vector = everything(index, np.eye(48)).reshape(-1, 48)[random.integers(0, len(index))] + 0.1 * vector
    vector = (vector / np.linalg.norm(vector)).astype(np.float32)
    left_out = random.choice(len(index), 5, replace=False)
    positions, values = nearest(cut, vector, top, leave_out=left_out, cancel=CancelToken())
    exact = everything(index, vector)
    exact[left_out] = -np.inf
    best = np.sort(exact)[::-1][: min(top, len(index) - 5)]
    np.testing.assert_allclose(values, best, atol=1e-6)
    np.testing.assert_allclose(exact[positions], values, atol=1e-6)
    assert len(np.unique(positions)) == len(positions)
    assert (np.diff(values) <= 0).all()


def with_axes(index: TileIndex, n: int) -> TileIndex:
    """The same index with fewer axes: bounds are looser, results must not change."""
    parts = []
    for part in index.parts:
        vectors = np.asarray(part.vectors, np.float32)
        along = vectors @ index.basis.axes[:, :n]
        rest = np.sqrt(np.maximum((vectors**2).sum(axis=1) - (along**2).sum(axis=1), 0))
        parts.append(replace(part, prefixes=np.concatenate([along, rest[:, None]], axis=1)))
    basis = replace(index.basis, axes=np.ascontiguousarray(index.basis.axes[:, :n]))
    return replace(index, basis=basis, parts=tuple(parts))


def test_bounds_are_never_below(index: TileIndex) -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        vector = random.normal(size=48).astype(np.float32)
        vector /= np.linalg.norm(vector)
        for n in (2, 20, 48):
            bounds = upper_bounds(with_axes(index, n), vector, CancelToken())
            assert (bounds >= everything(index, vector) - 1e-6).all()


def test_good_axes_save_most_of_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_histcode.similarity import search as module

    bag = make_bag(DIGESTS[0], grid=grid_of(DIGESTS[0], 120, 100))
    index = update_index(tmp_path, [write_bag(tmp_path / "r", bag)]).index
    index = with_axes(index, 16)
    looked_at: list[int] = []

    def counted(index: TileIndex, positions: np.ndarray, vector: np.ndarray) -> np.ndarray:
        looked_at.append(len(positions))
        return similarities_at(index, positions, vector)

    monkeypatch.setattr(module, "similarities_at", counted)
    search(index, index.query(bag, np.array([77])), top=10)
    assert sum(looked_at) < len(index) / 4


def test_a_hit_names_its_slide_by_alias_and_its_place_in_level_0(index: TileIndex) -> None:
    bag = make_bag(DIGESTS[1], seed=1)
    vector = index.query(bag, np.array([31]))
    own = index.positions(bag, np.array([31]))
    best = search(index, vector, top=3)[0]
    assert best.similarity == pytest.approx(1, abs=1e-3)
    assert (best.alias, best.slide_digest) == ("slide-b2b2b2b2", DIGESTS[1])
    assert best.place == tuple(bag.grid.index[31])
    assert best.xy_px0 == tuple(bag.grid.xy_px0[31])
    assert best.size_px0 == bag.grid.size_px0
    without = search(index, vector, top=3, leave_out=own)
    assert without[0].similarity == search(index, vector, top=3)[1].similarity


def test_suppression_is_slide_by_slide(index: TileIndex) -> None:
    bag = make_bag(DIGESTS[0], seed=0)
    own = index.positions(bag, with_neighbours(bag.grid, np.array([50])))
    hits = search(index, index.query(bag, np.array([50])), top=30, leave_out=own, is_apart=True)
    assert len(hits) == 30
    for digest in DIGESTS:
        places = np.array([hit.place for hit in hits if hit.slide_digest == digest])
        distance = np.abs(places[:, None] - places[None]).max(axis=-1)
        assert (distance[~np.eye(len(places), dtype=bool)] > 1).all()


def test_more_is_asked_for_than_there_is(index: TileIndex) -> None:
    vector = index.query(make_bag(DIGESTS[0]), np.array([0]))
    assert len(search(index, vector, top=10_000)) == len(index)
    assert search(index, vector, top=3, leave_out=np.arange(len(index))) == ()


def test_an_index_is_brought_up_to_date(tmp_path: Path) -> None:
    folder = tmp_path / "similarity-index"
    files = [write_bag(tmp_path / str(s), make_bag(d, seed=s)) for s, d in enumerate(DIGESTS)]
    first = update_index(folder, files[:2])
    assert first.added == ("slide-a1a1a1a1", "slide-b2b2b2b2")
    again = update_index(folder, files[:2])
    assert (again.added, again.kept, again.dropped) == ((), first.added, ())
    more = update_index(folder, files)
    assert (more.added, more.kept) == (("slide-c3c3c3c3",), first.added)
    assert more.index.manifest.basis == first.index.manifest.basis
    fewer = update_index(folder, files[1:])
    assert fewer.dropped == ("slide-a1a1a1a1",)
    assert len(fewer.index) == 2 * 108
    assert {path.name for path in folder.iterdir()} == set(fewer.index.manifest.files)


def test_the_basis_is_made_anew_when_most_slides_are_new(tmp_path: Path) -> None:
    files = [write_bag(tmp_path / str(s), make_bag(f"{s:02x}" * 32, seed=s)) for s in range(5)]
    small = update_index(tmp_path / "index", files[:1])
    large = update_index(tmp_path / "index", files)
    assert large.index.manifest.basis != small.index.manifest.basis
    assert len(large.added) == 5
    assert len(list((tmp_path / "index").glob("basis-*.npz"))) == 1


def test_changed_features_are_indexed_anew(tmp_path: Path) -> None:
    bag = make_bag(DIGESTS[0])
    few = FeatureBag(features=bag.features[:40], grid=bag.grid.select(np.arange(40)), encoder=bag.encoder)
    file = write_bag(tmp_path / "r", few)
    assert len(update_index(tmp_path / "index", [file]).index) == 40
    write_bag(tmp_path / "r", bag)
    update = update_index(tmp_path / "index", [file])
    assert (update.added, len(update.index)) == (("slide-a1a1a1a1",), 108)


def test_a_slide_is_in_it_once_with_the_most_tiles(tmp_path: Path) -> None:
    bag = make_bag(DIGESTS[0])
    part = FeatureBag(features=bag.features[:40], grid=bag.grid.select(np.arange(40)), encoder=bag.encoder)
    files = [write_bag(tmp_path / "part", part), write_bag(tmp_path / "whole", bag)]
    assert len(update_index(tmp_path / "index", files).index) == 108


def test_features_of_another_encoder_are_refused_by_name(tmp_path: Path) -> None:
    other = make_bag(DIGESTS[2], seed=2)
    other = FeatureBag(features=other.features, grid=other.grid, encoder=encoder(digest="ff" * 32))
    files = [write_bag(tmp_path / str(s), make_bag(d, seed=s)) for s, d in enumerate(DIGESTS[:2])]
    update = update_index(tmp_path / "index", [*files, write_bag(tmp_path / "other", other)])
    assert len(update.index.parts) == 2
    ((path, error),) = update.refused
    assert path.parent.name == "other"
    assert isinstance(error, ModelMismatchError)
    with pytest.raises(ModelMismatchError, match="index is of"):
        update.index.query(other, np.array([0]))
    with pytest.raises(NoTilesError, match="index is of"):
        update_index(tmp_path / "index", [tmp_path / "other" / "features.h5"])


def test_damaged_files_are_refused_and_the_others_taken(tmp_path: Path) -> None:
    good = write_bag(tmp_path / "good", make_bag(DIGESTS[0]))
    nan = np.array(make_bag(DIGESTS[1]).features)
    nan[50] = np.nan
    bag = make_bag(DIGESTS[1])
    bad = write_bag(tmp_path / "nan", FeatureBag(features=nan, grid=bag.grid, encoder=bag.encoder))
    (tmp_path / "text").mkdir()
    text = tmp_path / "text" / "features.h5"
    text.write_text("no features")
    update = update_index(tmp_path / "index", [good, bad, text])
    assert [path.parent.name for path, _ in update.refused] == ["text", "nan"]
    assert len(update.index) == 108
    with pytest.raises(NoTilesError):
        update_index(tmp_path / "other", [text])


def test_no_name_of_a_file_is_in_an_index(results: Path, index: TileIndex) -> None:
    for path in (results / "similarity-index").iterdir():
        assert "Jane" not in path.name
        assert b"Jane" not in path.read_bytes()


def test_damaged_indices_are_refused_and_mended(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    with pytest.raises(IndexFileError, match="no index"):
        open_index(folder)
    file = write_bag(tmp_path / "r", make_bag(DIGESTS[0]))
    whole = update_index(folder, [file]).index
    manifest = folder / "manifest.json"
    text = manifest.read_text()
    for wrong in ("{", "[]", "{}", json.dumps(json.loads(text) | {"slides": [{}]})):
        manifest.write_text(wrong)
        with pytest.raises(IndexFileError):
            open_index(folder)
        assert update_index(folder, [file]).added == ("slide-a1a1a1a1",)
    manifest.write_text(json.dumps(json.loads(text) | {"schema_version": 99}))
    with pytest.raises(IndexFileError, match="layout 99"):
        update_index(folder, [file])
    manifest.write_text(text)
    next(folder.glob("*.vectors.npy")).write_bytes(b"no array")
    with pytest.raises(IndexFileError, match="cannot be read"):
        open_index(folder)
    mended = update_index(folder, [file])
    assert mended.added == ("slide-a1a1a1a1",)
    assert np.array_equal(mended.index.parts[0].vectors, whole.parts[0].vectors)
    next(folder.glob("basis-*.npz")).write_bytes(b"no basis")
    with pytest.raises(IndexFileError):
        open_index(folder)
    assert len(update_index(folder, [file]).index) == 108


def test_a_cancelled_update_leaves_the_old_index(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    files = [write_bag(tmp_path / str(s), make_bag(d, seed=s)) for s, d in enumerate(DIGESTS[:2])]
    update_index(folder, files[:1])
    cancel = CancelToken()

    def stop(progress: Progress) -> None:
        cancel.cancel()

    with pytest.raises(AnalysisCancelledError):
        update_index(folder, files, progress=stop, cancel=cancel)
    assert len(open_index(folder)) == 108
    assert not list(folder.glob(".*"))


def test_search_stops_when_cancelled(index: TileIndex) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(AnalysisCancelledError):
        search(index, index.query(make_bag(DIGESTS[0]), np.array([0])), cancel=cancel)
    axis = np.eye(48, dtype=np.float32)[0]
    assert not len(nearest(index, axis, 0, leave_out=NOTHING, cancel=CancelToken())[0])
