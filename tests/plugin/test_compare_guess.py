"""Names of outputs and names of classes."""

from __future__ import annotations

import pytest

from napari_histcode.plugin.compare.guess import guess_class, guess_classes_of_outputs, guess_positive
from tests.builders import make_map, make_scores

NAMES = ("Immune cells", "Necrosis", "Other", "Stroma", "Tumor")


@pytest.mark.parametrize(
    ("output", "name"),
    [
        ("viable_tumour", "Tumor"),
        ("tumor", "Tumor"),
        ("Carcinoma", "Tumor"),
        ("necrotic", "Necrosis"),
        ("lymphocytes", "Immune cells"),
        ("non_tumour", "Other"),
        ("stromal cells", "Stroma"),
        ("CD3E", None),
        ("", None),
    ],
)
def test_class_of_an_output(output: str, name: str | None) -> None:
    assert guess_class(output, NAMES) == name


def test_negated_class_is_not_its_opposite() -> None:
    assert guess_class("tumour", ("non-tumour",)) is None
    assert guess_class("non_tumour", ("Tumor", "Necrosis")) is None


def test_maps_without_a_class_of_their_own() -> None:
    attention = make_map("tissue.attention", [1.0])
    gene = make_map("genes.CD3E.single_tile", [1.0], quantity="log2 fold change")
    assert guess_positive(attention, NAMES) == ("Tumor",)
    assert guess_positive(gene, NAMES) == ("Immune cells",)
    assert guess_positive(attention, ("Gland", "Ignore*")) == ("Gland",)
    assert guess_positive(attention, ("Ignore*", "(none)")) == ()


def test_outputs_and_classes() -> None:
    scores = make_scores()
    assert guess_classes_of_outputs(scores, NAMES) == (("viable_tumour", "Tumor"),)
