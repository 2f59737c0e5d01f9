from __future__ import annotations

import numpy as np
import pytest

from histcode_training.teaching_report import teaching_text
from histcode_training.teaching_study import (
    N_MARKS,
    LabelledTiles,
    TeachingStudy,
    draw_marks,
    half_of_fields,
    measure_setting,
)
from napari_histcode.teaching.marks import make_marks
from napari_histcode.teaching.save import to_head
from napari_histcode.teaching.teach import teach
from tests.teaching import planted
from tests.training.material import make_recipe

CLASSES = ("red_tissue", "green_tissue", "blue_tissue")


def make_tiles(*, distance: float = 2.5, seed: int = 0) -> LabelledTiles:
    """24 fields of 12 tiles, 8 of each class."""
    random = np.random.default_rng(seed)
    field_of = np.repeat(np.arange(24), 12)
    class_of = field_of % 3
    features = random.normal(size=(len(field_of), 40))
    features[np.arange(len(field_of)), class_of] += distance
    return LabelledTiles(features=features.astype(np.float32), class_of=class_of, field_of=field_of)


def test_marks_are_drawn_from_each_class_and_grouped_by_field() -> None:
    tiles = make_tiles()
    rows, marks = draw_marks(tiles, 10, CLASSES, np.random.default_rng(0))
    assert marks.counts == dict.fromkeys(CLASSES, 10)
    assert np.array_equal(tiles.class_of[rows], marks.class_of)
    for group in np.unique(marks.group_of):
        assert len(np.unique(tiles.field_of[rows][marks.group_of == group])) == 1
    everything, _ = draw_marks(tiles, 0, CLASSES, np.random.default_rng(0))
    assert np.array_equal(everything, np.arange(len(tiles.field_of)))


def test_no_field_is_both_marked_and_tested() -> None:
    tiles = make_tiles()
    marked, tested = half_of_fields(tiles, np.random.default_rng(0))
    assert not set(tiles.field_of[marked]) & set(tiles.field_of[tested])
    assert (marked | tested).all()
    for c in range(3):
        assert len(np.unique(tiles.field_of[marked & (tiles.class_of == c)])) == 4


@pytest.fixture(scope="module")
def study() -> TeachingStudy:
    bag = planted.make_bag(3)
    head = to_head(teach(bag, make_marks(bag.grid, planted.scattered(3, 6))))
    tiles, noise = make_tiles(), make_tiles(distance=0, seed=1)
    is_marked = tiles.field_of < 12
    settings = (
        measure_setting(
            "other slides", tiles, noise, lambda _: (is_marked, ~is_marked), head, CLASSES, bag.encoder, 4, 0
        ),
        measure_setting(
            "same slide", tiles, noise, lambda r: half_of_fields(tiles, r), head, CLASSES, bag.encoder, 4, 0
        ),
    )
    return TeachingStudy(settings=settings, model="planted 1", encoder=bag.encoder, n_draws=4, seed=0)


def test_more_marks_help_and_features_without_signal_do_not(study: TeachingStudy) -> None:
    for setting in study.settings:
        means = [draws.auroc.mean() for draws in setting.taught]
        assert [draws.n_marks for draws in setting.taught] == [*N_MARKS, 0]
        assert means[-1] > 0.9
        assert means[2] > means[0]
        assert abs(setting.untrained[-1].auroc.mean() - 0.5) < 0.1
        assert setting.taught[0].auroc.shape == (4, 3)
    assert study.settings[0].taught[-1].auroc.shape == (1, 3)  # all marks of fixed fields: one draw


def test_the_page_has_a_row_for_each_number_and_baseline(study: TeachingStudy) -> None:
    text = teaching_text(study, make_recipe(), command="histcode-train study teaching --seed 0")
    assert text.startswith("# Teaching: how few marks suffice?")
    assert text.count("| taught |") == 2 * 4
    assert text.count("untrained encoder") == 2 * 3
    assert text.count("bundled head, single tile") == 2
    assert "histcode-train study teaching --seed 0" in text
    assert "nan" not in text
