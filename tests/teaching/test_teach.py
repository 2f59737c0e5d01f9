from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from shapely import box
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from napari_histcode.annotations import Annotation
from napari_histcode.errors import AnalysisCancelledError, MarksError, ModelMismatchError
from napari_histcode.features.bag import FeatureBag
from napari_histcode.heatmap import draw_tile_map
from napari_histcode.progress import CancelToken, Progress
from napari_histcode.teaching.marks import Marks, make_marks, marks_of_regions
from napari_histcode.teaching.quality import log_odds, measure_quality
from napari_histcode.teaching.scaling import measure_scaling
from napari_histcode.teaching.teach import teach
from napari_histcode.teaching.uncertain import margins, most_uncertain
from napari_histcode.teaching.validate import STRENGTHS, USUAL_STRENGTH, fold_groups
from tests.builders import make_grid
from tests.teaching.planted import encoder, grid, make_bag, scattered, truth


def region(columns: tuple[int, int], rows: tuple[int, int], name: str) -> Annotation:
    width, height = grid().size_px0
    area = box(columns[0] * width, rows[0] * height, columns[1] * width, rows[1] * height)
    return Annotation(geometry=area, class_name=name)


def test_a_few_marks_find_the_classes_everywhere() -> None:
    bag = make_bag(3)
    taught = teach(bag, make_marks(bag.grid, scattered(3, 6)))
    assert (taught.probabilities.argmax(axis=1) == truth(3)).mean() > 0.9
    np.testing.assert_allclose(taught.probabilities.sum(axis=1), 1, atol=1e-6)
    assert taught.learned.quality.balanced_accuracy.value > 0.85
    assert taught.learned.strength in STRENGTHS
    assert taught.learned.notes == ()
    names = [tile_map.name for tile_map in taught.maps]
    assert names == [f"taught.class {c}.probability" for c in range(3)]
    assert draw_tile_map(taught.maps[0], bag.grid).raster.shape == (12, 16)


def test_equal_marks_give_equal_answers() -> None:
    bag = make_bag(2)
    first, second = (teach(bag, make_marks(bag.grid, scattered(2, 5))) for _ in range(2))
    assert np.array_equal(first.probabilities, second.probabilities)
    assert first.learned.quality == second.learned.quality


def test_units_of_features_do_not_matter() -> None:
    bag = make_bag(2)
    factors = np.random.default_rng(0).uniform(0.5, 2, bag.features.shape[1]).astype(np.float32)
    scaled = FeatureBag(features=bag.features * factors + 7, grid=bag.grid, encoder=bag.encoder)
    marks = make_marks(bag.grid, scattered(2, 5))
    # with spreads this alike no feature is below the least spread
    a, b = (teach(one, marks, strength=0.01, with_quality=False) for one in (bag, scaled))
    agree = np.abs(a.probabilities - b.probabilities)
    assert agree.max() < 0.05


def test_the_live_answer_is_that_of_the_full_run_and_fast() -> None:
    bag = make_bag(3)
    marks = make_marks(bag.grid, scattered(3, 6))
    full = teach(bag, marks)
    scaling = measure_scaling(bag.features)
    begin = time.perf_counter()
    live = teach(bag, marks, strength=full.learned.strength, with_quality=False, scaling=scaling)
    assert time.perf_counter() - begin < 1
    assert np.array_equal(live.probabilities, full.probabilities)
    assert not live.learned.quality.is_defined
    assert live.learned.notes == ()


def test_many_marks_in_under_a_second() -> None:
    random = np.random.default_rng(0)
    large = make_grid(60, 50)
    features = random.normal(size=(3000, 512)).astype(np.float32)
    class_of = np.arange(3000) % 3
    features[np.arange(3000), class_of] += 1
    bag = FeatureBag(features=features, grid=large, encoder=encoder(feature_dim=512))
    marks = make_marks(large, {str(c): np.flatnonzero(class_of == c) for c in range(3)})
    begin = time.process_time()
    taught = teach(bag, marks, strength=0.01, with_quality=False)
    assert time.process_time() - begin < 3  # a second on an idle core; others may be busy here
    assert (taught.probabilities.argmax(axis=1) == class_of).mean() > 0.6


def test_too_few_places_are_said_and_nothing_is_estimated() -> None:
    bag = make_bag(2)
    lone = teach(bag, make_marks(bag.grid, {"a": [0, 1], "b": [2, 3]}))
    assert lone.learned.strength == USUAL_STRENGTH
    assert "not chosen" in lone.learned.notes[0]
    assert "Not enough marks" in lone.learned.notes[1]
    assert not lone.learned.quality.is_defined
    assert lone.learned.quality.auroc["a"].reason.startswith("not enough marks to estimate: a has 1")
    three = teach(bag, make_marks(bag.grid, scattered(2, 3)))
    assert three.learned.strength in STRENGTHS
    (note,) = three.learned.notes
    assert "every class needs 4" in note


def test_touching_marks_are_never_apart_in_the_folds() -> None:
    marks = make_marks(grid(), {"a": np.arange(0, 64), "b": [100, 102, 104, 106, 108]})
    assert marks.group_counts == {"a": 1, "b": 5}
    assert fold_groups(marks) is None
    marks = make_marks(grid(), {"a": [0, 1, 5, 6, 9, 40, 42], "b": [100, 102, 104, 140]})
    fold_of = fold_groups(marks)
    assert fold_of is not None
    for group in np.unique(marks.group_of):
        assert len(np.unique(fold_of[marks.group_of == group])) == 1
    for fold in np.unique(fold_of):
        assert len(np.unique(marks.class_of[fold_of == fold])) == 2


def test_neighbours_that_are_copies_do_not_flatter_the_estimate() -> None:
    """Features without any signal, but equal within each touching pair: leaking would promise a lot."""
    random = np.random.default_rng(5)
    features = random.normal(size=(len(grid()), 40)).astype(np.float32)
    features[1::2] = features[::2]  # columns 2k and 2k + 1
    bag = FeatureBag(features=features, grid=grid(), encoder=encoder())
    lefts = np.flatnonzero((grid().index[:, 0] % 4 == 0) & (grid().index[:, 1] % 2 == 0))
    lefts = random.permutation(lefts)
    tiles = {"a": lefts[:12], "b": lefts[12:24]}
    marks = make_marks(grid(), {name: np.concatenate([own, own + 1]) for name, own in tiles.items()})
    quality = teach(bag, marks).learned.quality
    assert abs(quality.auroc["a"].value - 0.5) < 0.25
    assert quality.auroc["a"].low < 0.5 < quality.auroc["a"].high


def planted_marks(seed: int, n: int = 60, n_groups: int = 12) -> tuple[Marks, np.ndarray]:
    random = np.random.default_rng(seed)
    group_of = np.sort(random.integers(0, n_groups, n))
    _, group_of = np.unique(group_of, return_inverse=True)
    class_of = (group_of % 3).astype(np.intp)
    marks = Marks(
        classes=("a", "b", "c"), tiles=np.arange(n), class_of=class_of, group_of=group_of.astype(np.intp)
    )
    logits = random.normal(size=(n, 3)) + 1.2 * np.eye(3)[class_of]
    return marks, np.round(logits, 1)  # with ties


@pytest.mark.parametrize("seed", range(4))
def test_quality_is_that_of_scikit_learn(seed: int) -> None:
    marks, logits = planted_marks(seed)
    quality = measure_quality(logits, marks, n_folds=4)
    scores = log_odds(logits)
    for c, name in enumerate(marks.classes):
        expected = roc_auc_score(marks.class_of == c, scores[:, c])
        assert quality.auroc[name].value == pytest.approx(expected)
        assert quality.auroc[name].low <= expected <= quality.auroc[name].high
    expected = balanced_accuracy_score(marks.class_of, logits.argmax(axis=1))
    assert quality.balanced_accuracy.value == pytest.approx(expected)


def test_an_interval_is_that_of_drawing_groups() -> None:
    marks, logits = planted_marks(0)
    quality = measure_quality(logits, marks, n_folds=4, n_resamples=1000)
    random = np.random.default_rng(1)
    scores, draws = log_odds(logits)[:, 0], []
    groups = [np.unique(marks.group_of[marks.class_of == c]) for c in range(3)]
    for _ in range(600):
        drawn = np.concatenate([random.choice(own, len(own)) for own in groups])
        rows = np.concatenate([np.flatnonzero(marks.group_of == group) for group in drawn])
        draws.append(roc_auc_score(marks.class_of[rows] == 0, scores[rows]))
    low, high = np.percentile(draws, [2.5, 97.5])
    assert quality.auroc["a"].low == pytest.approx(low, abs=0.03)
    assert quality.auroc["a"].high == pytest.approx(high, abs=0.03)


def test_marks_of_regions_lie_more_than_half_inside() -> None:
    areas = [
        region((0, 3), (0, 2), "Tumor: Positive"),
        region((2, 3), (0, 1), "Tumor"),
        region((6, 8), (0, 1), "Stroma"),
    ]
    areas += [region((9, 10), (0, 5), "Other")]
    marks = marks_of_regions(grid(), areas, ["Tumor", "Stroma"])
    assert marks.counts == {"Tumor": 6, "Stroma": 2}
    assert marks.group_counts == {"Tumor": 1, "Stroma": 1}
    assert marks.tiles.tolist() == [0, 1, 2, 6, 7, 16, 17, 18]
    half = [region((0, 1), (0, 1), "A"), Annotation(geometry=box(448, 0, 1.4 * 448, 448), class_name="A")]
    assert marks_of_regions(grid(), [*half, region((5, 6), (0, 1), "B")], ["A", "B"]).counts["A"] == 1


def test_where_regions_overlap_the_larger_share_counts() -> None:
    width = grid().size_px0[0]
    areas = [
        region((0, 2), (0, 1), "A"),
        Annotation(geometry=box(1.2 * width, 0, 2 * width, width), class_name="B"),
        region((5, 6), (0, 1), "A"),
        region((5, 6), (0, 1), "B"),
        region((8, 9), (0, 1), "B"),
    ]
    marks = marks_of_regions(grid(), areas, ["A", "B"])
    assert marks.tiles[marks.class_of == 0].tolist() == [0, 1]
    assert marks.tiles[marks.class_of == 1].tolist() == [8]  # tile 5 belongs to both alike, and to none


def test_marks_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(MarksError, match="Two classes"):
        make_marks(grid(), {"a": [1, 2]})
    with pytest.raises(MarksError, match="b 0"):
        make_marks(grid(), {"a": [1, 2], "b": []})
    with pytest.raises(MarksError, match="1 tiles are marked with two"):
        make_marks(grid(), {"a": [1, 2], "b": [2, 3]})
    with pytest.raises(MarksError, match="not among"):
        make_marks(grid(), {"a": [1, 2], "b": [100_000]})
    with pytest.raises(MarksError, match="there are: Tumor"):
        marks_of_regions(grid(), [region((0, 1), (0, 1), "Tumor")], ["Tumor", "Stroma"])
    with pytest.raises(ValueError, match="above 0"):
        teach(make_bag(2), make_marks(grid(), scattered(2, 2)), strength=0)


def test_a_silent_feature_does_not_shout_elsewhere() -> None:
    bag = make_bag(2)
    features = np.array(bag.features)
    features[:, 0] = 0
    features[0, 0] = 1e-3
    silent = FeatureBag(features=features, grid=bag.grid, encoder=bag.encoder)
    weights = teach(silent, make_marks(grid(), scattered(2, 5))).learned.classifier.weights
    assert np.abs(weights[:, 0]).max() < np.abs(weights).max() / 10


def test_scaling_is_mean_and_deviation_and_refuses_what_is_not_finite() -> None:
    features = make_bag(2).features + 1000
    scaling = measure_scaling(features)
    np.testing.assert_allclose(scaling.mean, features.mean(axis=0, dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(scaling.spread, features.std(axis=0, dtype=np.float64), rtol=1e-3)
    constant = measure_scaling(np.ones((5, 4), np.float32))
    assert np.isfinite(constant.apply(np.ones((5, 4)))).all()
    damaged = np.array(features)
    damaged[0, 0] = np.inf
    with pytest.raises(ModelMismatchError, match="not finite"):
        measure_scaling(damaged)


def test_the_next_tiles_are_uncertain_unmarked_and_apart() -> None:
    bag = make_bag(2, distance=0.6)
    taught = teach(bag, make_marks(bag.grid, scattered(2, 4)))
    chosen = most_uncertain(taught, 6)
    margin = margins(taught.probabilities)
    assert len(chosen) == 6
    places = bag.grid.index[chosen]
    distance = np.abs(places[:, None] - places[None]).max(axis=-1)
    assert (distance[~np.eye(6, dtype=bool)] > 1).all()
    marked = bag.grid.index[taught.marks.tiles]
    assert (np.abs(places[:, None] - marked[None]).max(axis=-1) > 1).all()
    assert np.median(margin[chosen]) < np.median(margin)
    away = (np.abs(bag.grid.index[:, None] - marked[None]).max(axis=-1) > 1).all(axis=1)
    assert margin[chosen[0]] == margin[away].min()


def test_where_all_is_marked_there_is_none_to_offer() -> None:
    bag = make_bag(2)
    everything = {str(c): np.flatnonzero(truth(2) == c) for c in range(2)}
    taught = teach(bag, make_marks(bag.grid, everything), strength=0.1, with_quality=False)
    assert most_uncertain(taught, 5).tolist() == []
    everything["0"] = everything["0"][1:]
    taught = teach(bag, make_marks(bag.grid, everything), strength=0.1, with_quality=False)
    assert most_uncertain(taught, 5).tolist() == [0]


def test_it_answers_for_other_slides_of_the_same_encoder_only() -> None:
    bag = make_bag(2)
    classifier = teach(bag, make_marks(grid(), scattered(2, 5))).learned.classifier
    other = make_bag(2, seed=0)
    np.testing.assert_allclose(classifier.logits(other), classifier.logits(bag))
    wrong = replace(bag, encoder=encoder(digest="ee" * 32), features=np.array(bag.features))
    with pytest.raises(ModelMismatchError, match="digest"):
        classifier.logits(wrong)


def test_progress_is_told_and_cancelling_stops() -> None:
    bag, told = make_bag(2), list[Progress]()
    teach(bag, make_marks(grid(), scattered(2, 5)), progress=told.append)
    assert told[-1].total == 5 * len(STRENGTHS)
    cancel = CancelToken()
    with pytest.raises(AnalysisCancelledError):
        teach(bag, make_marks(grid(), scattered(2, 5)), progress=lambda _: cancel.cancel(), cancel=cancel)
