from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_histcode.errors import (
    AnalysisCancelledError,
    ModelMismatchError,
    NoTilesError,
    UnknownMapError,
)
from napari_histcode.features.bag import FeatureBag
from napari_histcode.models.heads import AttentionHead
from napari_histcode.models.importers import import_head
from napari_histcode.models.model import build_model
from napari_histcode.progress import CancelToken
from napari_histcode.scores import integrated_gradients
from napari_histcode.scores.explanation import explain_bag
from napari_histcode.scores.faithfulness import measure_faithfulness
from napari_histcode.scores.faithfulness_config import FaithfulnessConfig
from napari_histcode.scores.integrated_gradients import integrate_gradients
from napari_histcode.scores.score import score_bag
from tests.models.test_importers import FEATURES, clam_weights, save
from tests.scores.small_model import HEADS, make_encoder, small_bag, small_model


def by_autograd(module: AttentionHead, features: np.ndarray, n_steps: int) -> np.ndarray:
    """Sum over features of x times the mean gradient, by backpropagation at the same places: (n, outputs)."""
    nodes, weights = np.polynomial.legendre.leggauss(n_steps)
    module, x = module.double(), torch.tensor(features, dtype=torch.float64)
    total = np.zeros((len(x), module.n_outputs))
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        bag = (node * x).requires_grad_()
        outputs = _outputs(module, bag)
        for k in range(module.n_outputs):
            (gradient,) = torch.autograd.grad(outputs[k], bag, retain_graph=True)
            total[:, k] += weight * (gradient * x).sum(dim=1).numpy()
    module.float()
    return total


def _outputs(module: AttentionHead, bag: torch.Tensor) -> torch.Tensor:
    """The head's forward pass written again, all of it in float64."""
    hidden = torch.relu(module.embed(bag))
    if module.attention is None:
        return module.output(hidden.mean(dim=0))
    return module.output(torch.softmax(module.attention(hidden), dim=0) @ hidden)


@settings(deadline=None, max_examples=8)
@given(n_tiles=st.integers(1, 25), seed=st.integers(0, 1000))
@pytest.mark.parametrize("head", HEADS)
def test_the_closed_form_is_what_backpropagation_gives(head: str, n_tiles: int, seed: int) -> None:
    model, bag = small_model(), small_bag(n_tiles, seed)
    found = integrate_gradients(bag, model, head, n_steps=5)
    expected = by_autograd(model.head(head).module, bag.features, 5)
    for k, tile_map in enumerate(found.maps):
        np.testing.assert_allclose(tile_map.values, expected[:, k], rtol=1e-3, atol=1e-4)


def test_imported_heads_have_them_too(tmp_path: Path) -> None:
    head = import_head(save(clam_weights(), tmp_path), name="diagnosis", outputs=("normal", "tumour"))
    model, bag = build_model(make_encoder(FEATURES), (head,), name="clam"), small_bag(12, 1, FEATURES)
    found = integrate_gradients(bag, model, "diagnosis", n_steps=64)
    np.testing.assert_allclose(
        np.stack([m.values for m in found.maps], axis=1),
        by_autograd(head.module, bag.features, 64),
        atol=1e-3,
    )
    assert found.is_complete


@settings(deadline=None, max_examples=10)
@given(n_tiles=st.integers(1, 60), seed=st.integers(0, 1000))
@pytest.mark.parametrize("head", HEADS)
def test_attributions_add_up_to_the_change_of_the_output(head: str, n_tiles: int, seed: int) -> None:
    model, bag = small_model(), small_bag(n_tiles, seed)
    found = integrate_gradients(bag, model, head, n_steps=200)
    assert found.is_complete
    assert found.outputs == pytest.approx(model.head(head).explain(bag.features).outputs, abs=1e-4)
    nothing = model.head(head).explain(np.zeros_like(bag.features)).outputs
    assert found.baseline == pytest.approx(nothing, abs=1e-4)
    for tile_map, end, start, residual in zip(
        found.maps, found.outputs, found.baseline, found.residual, strict=True
    ):
        total = tile_map.values.sum(dtype=np.float64)
        assert total - (end - start) == pytest.approx(residual, abs=1e-4)


def test_too_few_steps_are_told() -> None:
    found = integrate_gradients(small_bag(1, 7), small_model(500.0), "tissue", n_steps=1)
    assert not found.is_complete
    assert (np.abs(found.residual) > found.tolerance).any()


def test_mean_pooling_splits_the_path_tile_by_tile() -> None:
    model, bag = small_model(), small_bag(9)
    found = integrate_gradients(bag, model, "genes", n_steps=300)
    single = np.stack([model.head("genes").explain(bag.features[[i]]).outputs for i in range(9)])
    nothing = model.head("genes").explain(np.zeros((1, 8), np.float32)).outputs
    np.testing.assert_allclose(
        np.stack([m.values for m in found.maps], axis=1), (single - nothing) / 9, atol=2e-3
    )


def test_the_map_is_a_map_like_the_others() -> None:
    model, bag = small_model(), small_bag(40)
    found = integrate_gradients(bag, model, "tissue", outputs=["necrosis"])
    (tile_map,) = found.maps
    assert (tile_map.name, tile_map.kind) == ("tissue.necrosis.integrated_gradients", "integrated_gradients")
    assert tile_map.label == "necrosis, integrated gradients"
    assert tile_map.is_signed
    assert tile_map.quantity == "log-odds"
    whole = integrate_gradients(bag, model, "tissue")
    np.testing.assert_allclose(whole.maps[1].values, tile_map.values, atol=1e-6)
    scores = score_bag(bag, model)
    more = scores.with_maps(found.maps)
    assert more.map_names == (*scores.map_names, tile_map.name)
    assert more.with_maps(found.maps).map_names == more.map_names
    config = FaithfulnessConfig(n_random=3)
    output = measure_faithfulness(
        explain_bag(bag, model), config, heads=["tissue"], further=found.maps
    ).output("tissue", "necrosis")
    assert [one.kind for one in output.maps][-1] == "integrated_gradients"


def test_chunks_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    model, bag = small_model(), small_bag(50)
    whole = integrate_gradients(bag, model, "tissue", n_steps=4)
    monkeypatch.setattr(integrated_gradients, "CHUNK_TILES", 7)
    parts = integrate_gradients(bag, model, "tissue", n_steps=4)
    for one, other in zip(whole.maps, parts.maps, strict=True):
        np.testing.assert_allclose(one.values, other.values, rtol=1e-4, atol=1e-6)


def test_progress_is_told_and_cancelling_stops() -> None:
    told, cancel = [], CancelToken()
    model, bag = small_model(), small_bag(10)
    integrate_gradients(bag, model, "tissue", n_steps=3, progress=told.append)
    assert [(p.done, p.total, p.unit) for p in told] == [(1, 3, "steps"), (2, 3, "steps"), (3, 3, "steps")]
    with pytest.raises(AnalysisCancelledError):
        integrate_gradients(bag, model, "tissue", progress=lambda _: cancel.cancel(), cancel=cancel)


def test_what_does_not_fit_is_refused() -> None:
    model, bag = small_model(), small_bag(5)
    with pytest.raises(UnknownMapError, match="tumour, necrosis"):
        integrate_gradients(bag, model, "tissue", outputs=["stroma"])
    with pytest.raises(UnknownMapError, match="genes"):
        integrate_gradients(bag, model, "nonsense")
    with pytest.raises(ValueError, match="at least 1"):
        integrate_gradients(bag, model, "tissue", n_steps=0)
    empty = FeatureBag(
        features=bag.features[:0], grid=bag.grid.select(np.zeros(5, bool)), encoder=bag.encoder
    )
    with pytest.raises(NoTilesError):
        integrate_gradients(empty, model, "tissue")
    features = bag.features.copy()
    features[2, 3] = np.nan
    with pytest.raises(ModelMismatchError, match="not finite"):
        integrate_gradients(
            FeatureBag(features=features, grid=bag.grid, encoder=bag.encoder), model, "tissue"
        )
