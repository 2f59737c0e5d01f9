"""Values of tiles while others are still being encoded."""

from __future__ import annotations

import numpy as np

from napari_histcode.scores.preview import preview_tiles
from napari_histcode.scores.score import score_bag
from tests.scores.small_model import small_bag, small_model


def test_a_preview_is_already_final() -> None:
    model, bag = small_model(), small_bag(30)
    scores = score_bag(bag, model)
    positions = np.array([3, 4, 17])
    preview = preview_tiles(bag.grid, positions, bag.features[positions], model)
    assert {m.name for m in preview.maps} == {m.name for m in scores.maps if m.kind == "single_tile"}
    for part in preview.maps:
        whole = scores.map(part.name)
        assert part.label == whole.label
        np.testing.assert_allclose(part.values, whole.values[positions], rtol=1e-5, atol=1e-5)
