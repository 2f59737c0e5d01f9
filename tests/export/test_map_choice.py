import dataclasses

import numpy as np

from napari_histcode.export.map_choice import choose_maps, other_maps
from napari_histcode.heatmap import draw_heatmap
from napari_histcode.scores.scores import Prediction
from tests.builders import make_map, make_scores


def many(n_genes=300):
    """A head of two classes and one of many genes, three maps each, and attention of both."""
    maps = [make_map("tissue.attention", [0.5, 0.5]), make_map("genes.attention", [0.5, 0.5])]
    predictions = []
    for head, names in (("tissue", ("a", "b")), ("genes", [f"g{k}" for k in range(n_genes)])):
        for k, name in enumerate(names):
            maps += [
                make_map(f"{head}.{name}.{kind}", [k, -k], is_signed=True)
                for kind in ("contribution", "leave_one_out", "single_tile")
            ]
            is_class = head == "tissue"
            value = 0.2 + 0.6 * k if is_class else (-1) ** k * ((k * 7919) % n_genes)
            predictions.append(
                Prediction(
                    head=head, output=name, label=name, value=value, raw=value,
                    quantity="probability" if is_class else "log2 fold change",
                )
            )  # fmt: skip
    scores = make_scores(2, 1, maps=maps)
    return dataclasses.replace(scores, predictions=tuple(predictions))


def test_few_maps_are_all_drawn():
    scores = many(1)
    assert choose_maps(scores, scores.map_names, most=12) == scores.map_names


def test_of_many_those_that_stand_out():
    scores = many()
    chosen = choose_maps(scores, scores.map_names, most=12)
    assert len(chosen) == 12
    assert list(chosen) == [name for name in scores.map_names if name in chosen], "in their own order"
    assert {"tissue.attention", "genes.attention", "tissue.a.single_tile", "tissue.b.single_tile"} < set(
        chosen
    )
    genes = sorted(scores.predictions[2:], key=lambda one: -abs(one.value))[:8]
    assert {f"genes.{one.output}.single_tile" for one in genes} < set(chosen)


def test_what_somebody_looks_at_comes_first():
    scores = many()
    wanted = ("genes.g5.contribution", "genes.g6.leave_one_out", "no such map")
    chosen = choose_maps(scores, scores.map_names, most=3, wanted=wanted)
    assert set(chosen) == {"tissue.attention", "genes.g5.contribution", "genes.g6.leave_one_out"}
    assert choose_maps(scores, scores.map_names, most=0) == ()


def test_undefined_predictions_come_last():
    scores = many(20)
    predictions = tuple(
        dataclasses.replace(one, value=np.nan) if one.output == "g3" else one for one in scores.predictions
    )
    scores = dataclasses.replace(scores, predictions=predictions)
    assert "genes.g3.single_tile" not in choose_maps(scores, scores.map_names, most=12)


def test_the_others_are_listed_with_their_spread():
    scores = many(2)
    html = "".join(other_maps([draw_heatmap(scores, name) for name in scores.map_names[-2:]], scores))
    assert "2 more maps" in html
    assert html.count("<tr>") == 3
    assert list(other_maps([], scores)) == []
