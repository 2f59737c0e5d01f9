from __future__ import annotations

import time

import numpy as np
import pytest

from napari_histcode.errors import TrainingFeaturesError
from napari_histcode.trust.distance import ood_scores
from napari_histcode.trust.fit import fit_statistics, held_out_distances, subspace_of

FEATURE_DIM, K = 60, 6


def planted(n_slides=8, n_tiles=60, *, seed=0, offset=0.0):
    """Tiles that vary in six directions, with a little noise in all; each slide has a bias of its own."""
    random = np.random.default_rng(7)
    directions = random.normal(size=(K, FEATURE_DIM))
    random = np.random.default_rng(seed)
    parts = [
        (random.normal(size=(n_tiles, K)) + 0.2 * random.normal(size=K)) @ directions
        + 0.3 * random.normal(size=(n_tiles, FEATURE_DIM))
        for _ in range(n_slides)
    ]
    slides = [f"slide-{i}" for i in range(n_slides) for _ in range(n_tiles)]
    return (np.concatenate(parts) + offset).astype(np.float32), slides


def test_the_kept_directions_are_the_planted_ones():
    features, _ = planted()
    found = subspace_of(features, n_components=K)
    plain = np.random.default_rng(7).normal(size=(K, FEATURE_DIM)) / found.scale
    basis, _ = np.linalg.qr(plain.T)
    overlap = np.linalg.svd(found.components @ basis, compute_uv=False)
    assert overlap.min() > 0.98
    np.testing.assert_allclose(found.components @ found.components.T, np.eye(K), atol=1e-5)


def test_tiles_of_a_new_slide_of_the_kind_are_usual_and_others_are_not():
    features, slides = planted()
    statistics = fit_statistics(features, slides, n_components=K)
    known = ood_scores(planted(4, seed=1)[0], statistics)
    unknown = ood_scores(
        np.random.default_rng(2).normal(0, 3, (200, FEATURE_DIM)).astype(np.float32), statistics
    )
    assert known.share_beyond < 0.1
    assert unknown.share_beyond > 0.99
    assert unknown.is_beyond.mean() == unknown.share_beyond
    assert unknown.percentile.min() > 0.95
    assert known.percentile.mean() == pytest.approx(0.5, abs=0.1)
    assert statistics.n_tiles == len(features)
    assert statistics.n_groups == 8
    assert statistics.group_shares.mean() == pytest.approx(0.05, abs=0.01)  # slides of one size


def test_held_out_distances_are_those_of_the_other_slides():
    features, _ = planted(4)
    group_of = np.repeat(np.arange(4), 60)
    distances = held_out_distances(features, group_of, n_components=K)
    by_hand = subspace_of(features[group_of != 2], n_components=K).distance(features[group_of == 2])
    np.testing.assert_array_equal(distances[group_of == 2], by_hand)
    within = subspace_of(features, n_components=K).distance(features)
    assert distances.mean() > within.mean()  # a slide helps to describe itself


def test_names_and_order_of_slides_do_not_matter():
    features, slides = planted(4)
    order = np.random.default_rng(3).permutation(len(features))
    plain = fit_statistics(features, slides, n_components=K)
    other = fit_statistics(features[order], [(slides[i], 1) for i in order], n_components=K)
    probe = planted(1, seed=5)[0]
    np.testing.assert_allclose(plain.distance(probe), other.distance(probe), atol=1e-3)
    np.testing.assert_allclose(plain.distances, other.distances, atol=1e-3)


def test_many_slides_are_held_out_in_groups():
    features, slides = planted(25, 6)
    assert fit_statistics(features, slides, n_components=3).n_groups == 25


@pytest.mark.parametrize(
    ("features", "slides", "said"),
    [
        (np.zeros((4, 3)), ["a", "a", "b", "b"], "of 2 slides"),
        (np.zeros((4, 3)), ["a", "b", "c"], "3 tiles have a slide"),
        (np.full((3, 3), np.inf), ["a", "b", "c"], "not finite"),
    ],
)
def test_features_that_do_not_suffice_are_refused(features, slides, said):
    with pytest.raises(TrainingFeaturesError, match=said):
        fit_statistics(features, slides)


def test_fifty_thousand_tiles_take_less_than_a_second():
    random = np.random.default_rng(0)
    statistics = subspace_of(random.normal(size=(300, 1280)).astype(np.float32))
    features = random.normal(size=(50_000, 1280)).astype(np.float32)
    statistics.distance(features[:100])
    seconds = min(_timed(statistics, features) for _ in range(3))
    assert seconds < 1.0


def _timed(statistics, features):
    start = time.perf_counter()
    ood_scores(features, statistics)
    return time.perf_counter() - start
