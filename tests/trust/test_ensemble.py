from __future__ import annotations

import numpy as np
import pytest

from napari_histcode.scores.scores import Prediction, SlideScores
from napari_histcode.trust.ensemble import ensemble_spread, heads_without_siblings
from napari_histcode.trust.maps import spread_map
from tests.builders import make_encoder_record, make_grid, make_map
from tests.models.synthetic import make_head_record

TILES = {"a": [0.0, 1.0, 2.0], "b": [0.0, 3.0, 2.0], "c": [0.0, 5.0, 2.0]}
VALUES = {"a": 0.2, "b": 0.5, "c": 0.8}


def scores_of(names):
    return SlideScores(
        grid=make_grid(3, 1),
        predictions=tuple(
            Prediction(
                head=name, output="tumour", label="tumour", value=VALUES[name], raw=0, quantity="probability"
            )
            for name in names
        ),
        maps=tuple(make_map(f"{name}.tumour.single_tile", TILES[name]) for name in names),
        effective_tiles={},
        model_name="m",
        model_version="1",
        model_digest="",
        encoder=make_encoder_record(),
    )


def head(name, ensemble="folds", outputs=("tumour",)):
    return make_head_record(name, outputs, ensemble=ensemble)


def test_the_spread_is_the_standard_deviation_over_the_members():
    (spread,) = ensemble_spread(scores_of("abc"), [head(name) for name in "abc"])
    assert spread.heads == ("a", "b", "c")
    assert spread.mean == pytest.approx(0.5)
    assert spread.spread == pytest.approx(0.3)
    assert spread.tile_spread.tolist() == pytest.approx([0, 2, 0])
    painted = spread_map(spread)
    assert painted.name == "folds.tumour.spread"
    assert np.array_equal(painted.values, spread.tile_spread)


def test_heads_that_are_not_named_alike_have_no_spread():
    heads = [head("a"), head("b", "others"), head("c", "")]
    assert ensemble_spread(scores_of("abc"), heads) == ()
    assert heads_without_siblings(heads) == ("a", "b", "c")


def test_heads_of_one_name_with_other_outputs_are_no_siblings():
    heads = [head("a"), head("b"), head("c", outputs=("necrosis",))]
    (spread,) = ensemble_spread(scores_of("abc"), heads)
    assert spread.heads == ("a", "b")
    assert heads_without_siblings(heads) == ("c",)
