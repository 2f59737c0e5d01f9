import dataclasses
import json

import h5py
import numpy as np
import pytest

from napari_histcode.errors import ResultError
from napari_histcode.export.h5ad import FEATURES_KEY, export_h5ad
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.features.bag import FeatureBag
from tests.builders import make_scores


@pytest.fixture(scope="module")
def scores():
    return make_scores(6, 4, mpp=0.37, overlap=0.25)


@pytest.fixture(scope="module")
def bag(scores):
    features = np.random.default_rng(0).normal(size=(len(scores.grid), 512)).astype(np.float32)
    return FeatureBag(features=features, grid=scores.grid, encoder=scores.encoder)


def test_anndata_reads_it(scores, bag, overview, tmp_path):
    anndata = pytest.importorskip("anndata", reason="anndata reads back what was written")
    path = export_h5ad(scores, tmp_path / "a.h5ad", bag=bag, overview_rgb=overview)
    data = anndata.read_h5ad(path)
    assert data.shape == (len(scores.grid), len(scores.maps))
    assert data.X.dtype == np.float32
    for tile_map in scores.maps:
        np.testing.assert_array_equal(data[:, tile_map.name].X[:, 0], tile_map.values)
        row = data.var.loc[tile_map.name]
        assert (row["head"], row["kind"]) == (tile_map.head, tile_map.kind)
        assert (row["quantity"], row["unit"]) == (tile_map.quantity, tile_map.unit)
        assert (row["label"], row["output"]) == (tile_map.label, tile_map.output or "")
        assert row["is_signed"] == tile_map.is_signed
    grid = scores.grid
    np.testing.assert_array_equal(data.obs[["column", "row"]].to_numpy(), grid.index)
    np.testing.assert_array_equal(data.obs[["x", "y"]].to_numpy(), grid.xy_px0)
    np.testing.assert_array_equal(data.obs["tissue_fraction"], grid.tissue_fraction)
    assert data.obs_names.is_unique
    np.testing.assert_array_equal(data.obsm["spatial"], grid.centre_px0)
    np.testing.assert_allclose(data.obsm["spatial_um"], grid.centre_px0 * 0.37)
    np.testing.assert_array_equal(data.obsm[FEATURES_KEY], bag.features)
    ours = data.uns["histcode"]
    assert ours["notice"] == RESEARCH_USE
    assert json.loads(ours["provenance"])["slide"]["digest"] == grid.slide.digest
    assert ours["predictions"].loc["tissue.necrosis", "value"] == pytest.approx(0.1)
    assert ours["effective_tiles"]["tissue"] == pytest.approx(scores.effective_tiles["tissue"])
    spatial = data.uns["spatial"][grid.slide.alias]
    np.testing.assert_array_equal(spatial["images"]["hires"], overview)
    assert spatial["scalefactors"]["tissue_hires_scalef"] == overview.shape[1] / grid.slide.dimensions[0]
    copy = data[data.obs["row"] > 1].copy()
    assert copy.n_obs < data.n_obs


def test_the_layout_is_the_published_one(scores, tmp_path):
    """What anndata's specification of the file asks of every element, without the package."""
    path = export_h5ad(scores, tmp_path / "a.h5ad")
    kinds = {
        "anndata": "0.1.0", "dict": "0.1.0", "array": "0.2.0", "dataframe": "0.2.0",
        "string-array": "0.2.0", "string": "0.2.0", "numeric-scalar": "0.2.0",
    }  # fmt: skip
    with h5py.File(path) as file:
        assert {"X", "obs", "var", "obsm", "varm", "obsp", "varp", "layers", "uns"} == set(file)

        def check(name, item):
            assert item.attrs["encoding-version"] == kinds[item.attrs["encoding-type"]], name

        check("/", file)
        file.visititems(check)
        for name in ("obs", "var"):
            frame = file[name]
            assert set(frame.attrs["column-order"]) | {"_index"} == set(frame)
            assert {len(column) for column in frame.values()} == {len(frame["_index"])}
        assert FEATURES_KEY not in file["obsm"]
        assert "hires" not in file[f"uns/spatial/{scores.grid.slide.alias}/images"]


def test_a_slide_without_maps(scores, tmp_path):
    bare = dataclasses.replace(scores, maps=(), predictions=(), effective_tiles={})
    with h5py.File(export_h5ad(bare, tmp_path / "a.h5ad")) as file:
        assert file["X"].shape == (len(scores.grid), 0)


def test_features_of_other_tiles_are_refused(scores, bag, tmp_path):
    other = FeatureBag(
        features=bag.features[1:].copy(), grid=bag.grid.select(np.arange(1, 24)), encoder=bag.encoder
    )
    with pytest.raises(ResultError, match="features"):
        export_h5ad(scores, tmp_path / "a.h5ad", bag=other)
    assert not list(tmp_path.iterdir())
