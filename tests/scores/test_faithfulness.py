from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import trapezoid

from napari_histcode.errors import AnalysisCancelledError
from napari_histcode.models.activation import activate
from napari_histcode.models.explanation import pool_tiles
from napari_histcode.progress import CancelToken
from napari_histcode.scores.explanation import BagExplanation, ExplainedHead, explain_bag
from napari_histcode.scores.faithfulness import MapFaithfulness, OutputFaithfulness, measure_faithfulness
from napari_histcode.scores.faithfulness_config import FaithfulnessConfig
from napari_histcode.scores.faithfulness_curve import FaithfulnessCurve
from napari_histcode.scores.faithfulness_ranking import caution, most_faithful, verdict
from napari_histcode.scores.random_orders import RandomOrders
from napari_histcode.scores.rank_orders import rank_orders
from napari_histcode.scores.score import scores_of
from napari_histcode.scores.subsets import make_cuts
from tests.builders import make_encoder_record, make_grid, make_map
from tests.scores.small_model import HEADS, head_record, small_bag, small_model

QUICK = FaithfulnessConfig(n_random=8)


def explained(logits: np.ndarray, single_tile: np.ndarray, bias: float = 0.0) -> BagExplanation:
    """A slide of one head "h" with one output "c" that is a probability."""
    record = head_record("h", "gated_attention", "sigmoid", "c")
    parts = pool_tiles(
        np.asarray(logits, np.float32),
        np.asarray(single_tile, np.float32)[:, None],
        np.array([bias], np.float32),
    )
    return BagExplanation(
        grid=make_grid(len(parts.attention), 1),
        heads=(ExplainedHead(record=record, parts=parts),),
        model_name="m",
        model_version="1",
        model_digest="d",
        encoder=make_encoder_record(),
    )


@pytest.mark.parametrize("quantity", ["prediction", "raw"])
@pytest.mark.parametrize("head", HEADS)
def test_curves_are_those_of_the_head_run_on_the_features_that_are_left(head: str, quantity: str) -> None:
    model, bag = small_model(), small_bag(37)
    config = replace(QUICK, quantity=quantity, top_shares=(0.1,))
    explanation = explain_bag(bag, model)
    found = measure_faithfulness(explanation, config, heads=[head])
    scores, network = scores_of(explanation), model.head(head)
    bias = explanation.head(head).parts.bias

    def recorded(tiles: np.ndarray, column: int) -> float:
        outputs = network.explain(bag.features[tiles]).outputs if len(tiles) else bias
        return outputs[column] if quantity == "raw" else activate(outputs, network.record.activation)[column]

    for column, output in enumerate(found.outputs):
        assert output.value == pytest.approx(recorded(np.arange(37), column), abs=1e-5)
        assert output.empty == pytest.approx(recorded(np.arange(0), column), abs=1e-5)
        for one in output.maps:
            if one.n_orders > 1:
                continue  # a constant map: attention of mean pooling
            order = np.argsort(-scores.map(one.name).values)
            counts = np.rint(one.curve.share * 37).astype(int)
            most = [recorded(order[count:], column) for count in counts]
            least = [recorded(order[: 37 - count], column) for count in counts]
            np.testing.assert_allclose(one.curve.most_first, most, atol=2e-5)
            np.testing.assert_allclose(one.curve.least_first, least, atol=2e-5)
            added = [recorded(order[:count], column) for count in counts]
            np.testing.assert_allclose(one.curve.insert_most_first, added, atol=2e-5)
            assert one.sufficiency[0] == pytest.approx(recorded(order[:4], column), abs=2e-5)
            assert one.necessity[0] == pytest.approx(recorded(order[4:], column), abs=2e-5)
            srg = trapezoid(least, counts / 37) - trapezoid(most, counts / 37)
            assert one.srg == pytest.approx(srg, abs=1e-5)


def test_a_planted_bag_has_the_areas_that_can_be_worked_out_by_hand() -> None:
    # 4 equal tiles, single-tile outputs 3, 2, 1, 0: means of what is left, on the raw output
    found = measure_faithfulness(
        explained(np.zeros(4), [0, 3, 1, 2]), replace(QUICK, quantity="raw", top_shares=(0.25,))
    )
    one = found.output("h", "c").map("single_tile")
    np.testing.assert_allclose(one.curve.share, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(one.curve.most_first, [1.5, 1, 0.5, 0, 0], atol=1e-6)
    np.testing.assert_allclose(one.curve.least_first, [1.5, 2, 2.5, 3, 0], atol=1e-6)
    assert one.curve.aupc_morf == pytest.approx((0.75 + 1 + 0.5 + 0 + 0) / 4)
    assert one.curve.aupc_lerf == pytest.approx((0.75 + 2 + 2.5 + 3 + 0) / 4)
    assert one.srg == pytest.approx(1.5)
    assert (one.sufficiency, one.necessity) == (pytest.approx((3,)), pytest.approx((1,)))
    output = found.output("h", "c")
    assert output.effective_tiles == pytest.approx(4)
    assert not output.is_flagged
    assert output.value == pytest.approx(1.5)


def test_a_ranking_and_its_reverse_have_opposite_gains() -> None:
    rng = np.random.default_rng(0)
    explanation = explained(rng.normal(size=200), rng.normal(size=200), bias=0.3)
    values = rng.normal(size=200)
    first, second = (
        replace(make_map("h.c.contribution", sign * values), name=f"h.c.{sign}") for sign in (1, -1)
    )
    maps = measure_faithfulness(explanation, QUICK, further=[first, second]).outputs[0].maps
    gains = {one.name: one.srg for one in maps}
    assert gains["h.c.1"] == pytest.approx(-gains["h.c.-1"])


@settings(deadline=None, max_examples=15)
@given(n_tiles=st.integers(1, 300), seed=st.integers(0, 1000))
def test_a_map_without_knowledge_gains_nothing_and_one_that_knows_gains(n_tiles: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    output = measure_faithfulness(explained(np.zeros(n_tiles), rng.normal(size=n_tiles)), QUICK).outputs[0]
    attention = output.map("attention")  # constant: ties only
    assert attention.srg == pytest.approx(0, abs=1e-12)
    assert attention.n_orders == (2 * QUICK.n_tie_draws if n_tiles > 1 else 1)
    assert output.map("single_tile").srg >= -1e-12
    # equal weights: all three rank alike, up to the rounding of equal values
    assert output.map("contribution").srg == pytest.approx(output.map("single_tile").srg, abs=1e-3)


def test_random_orders_hold_the_gain_of_a_ranking_by_chance() -> None:
    rng = np.random.default_rng(3)
    explanation = explained(rng.normal(size=400), rng.normal(size=400))
    config = FaithfulnessConfig(n_random=200)
    blind = [replace(make_map("h.c.contribution", rng.normal(size=400)), name=f"blind{k}") for k in range(60)]
    output = measure_faithfulness(explanation, config, further=blind).outputs[0]
    gains = np.array([one.srg for one in output.maps if one.name.startswith("blind")])
    p = np.array([one.p for one in output.maps if one.name.startswith("blind")])
    assert np.mean(np.abs(gains) <= output.random.srg_limit) > 0.85
    assert 0.35 < p.mean() < 0.65
    assert output.map("single_tile").p == pytest.approx(1 / 401)
    band = output.random
    assert (band.low <= band.mean + 1e-12).all()
    assert (band.mean <= band.high + 1e-12).all()
    assert [band.mean[0], band.high[0]] == pytest.approx([output.value] * 2)
    assert [band.mean[-1], band.low[-1]] == pytest.approx([output.empty] * 2)


def test_the_same_seed_gives_the_same_numbers_and_another_one_other_random_orders() -> None:
    rng = np.random.default_rng(3)
    explanation = explained(rng.normal(size=90), np.round(rng.normal(size=90)))
    first, again, other = (
        measure_faithfulness(explanation, replace(QUICK, seed=seed)).outputs[0] for seed in (0, 0, 1)
    )
    assert [one.srg for one in first.maps] == [one.srg for one in again.maps]
    assert first.random.srg.tolist() == again.random.srg.tolist()
    assert first.random.srg.tolist() != other.random.srg.tolist()
    assert first.map("leave_one_out").srg == other.map("leave_one_out").srg, "no ties, no randomness"


@settings(deadline=None, max_examples=40)
@given(values=st.lists(st.integers(-3, 3), min_size=1, max_size=60), seed=st.integers(0, 99))
def test_ties_are_broken_at_random_and_nothing_else_is(values: list[int], seed: int) -> None:
    tile_map = make_map("h.c.single_tile", values)
    cuts = make_cuts(len(values), 10)
    orders = rank_orders(tile_map, cuts, n_draws=3, seed=seed)
    for order in orders:
        assert sorted(order) == list(range(len(values)))
        assert (np.diff(tile_map.values[order]) <= 0).all()
    inner = cuts[1:-1]
    ordered = np.sort(values)[::-1]
    assert len(orders) == (6 if (ordered[inner - 1] == ordered[inner]).any() else 1)
    if len(set(values)) == 1 and len(orders) > 1:
        for drawn, mirrored in zip(orders[::2], orders[1::2], strict=True):
            np.testing.assert_array_equal(drawn, mirrored[::-1])


def test_what_cannot_be_ranked_is_refused() -> None:
    explanation = explained(np.zeros(3), np.arange(3))
    with pytest.raises(ValueError, match="no value on some tiles"):
        measure_faithfulness(explanation, QUICK, further=[make_map("h.c.contribution", [0, np.nan, 1])])
    with pytest.raises(ValueError, match="2 values for 3 tiles"):
        measure_faithfulness(explanation, QUICK, further=[make_map("h.c.contribution", [0, 1])])
    with pytest.raises(ValueError, match="without tiles"):
        measure_faithfulness(explanation.select(np.zeros(3, bool)), QUICK)
    for wrong in ({"n_steps": 0}, {"n_random": 0}, {"top_shares": (1.0,)}):
        with pytest.raises(ValueError, match=r"at least 1|between 0 and 1"):
            FaithfulnessConfig(**wrong)


def test_outputs_can_be_chosen_and_a_no_is_flagged() -> None:
    explanation = explain_bag(small_bag(30), small_model())
    found = measure_faithfulness(explanation, QUICK, heads=["tissue", "genes"], outputs=["necrosis", "CD3E"])
    assert [(one.head, one.output) for one in found.outputs] == [("tissue", "necrosis"), ("genes", "CD3E")]
    assert found.outputs[0].is_flagged == (found.outputs[0].value <= 0.5)
    assert not found.outputs[1].is_flagged, "an amount is neither yes nor no"
    assert found.outputs[1].quantity == "log2 fold change"
    assert (found.n_tiles, found.model_name) == (30, "tiny")
    with pytest.raises(KeyError):
        found.output("tissue", "tumour")


def test_progress_is_told_and_cancelling_stops() -> None:
    explanation = explain_bag(small_bag(30), small_model())
    told = []
    measure_faithfulness(explanation, QUICK, progress=told.append)
    assert [(p.done, p.total) for p in told] == [(k + 1, 8) for k in range(8)]
    cancel = CancelToken()
    with pytest.raises(AnalysisCancelledError):
        measure_faithfulness(explanation, QUICK, progress=lambda _: cancel.cancel(), cancel=cancel)


def ranked(gains: dict[str, float], spread: float) -> OutputFaithfulness:
    """An output whose maps have these gains, and whose random rankings gain plus or minus ``spread``."""
    share = np.array([0.0, 1.0])
    maps = tuple(
        MapFaithfulness(
            name=f"h.c.{kind}", label=kind, kind=kind, sufficiency=(), necessity=(), p=1.0,
            curve=FaithfulnessCurve(share=share.copy(), most_first=np.zeros(2), least_first=np.full(2, gain)),
        )
        for kind, gain in gains.items()
    )  # fmt: skip
    zeros = np.zeros(2)
    random = RandomOrders(share=share, mean=zeros, low=zeros, high=zeros, srg=np.array([spread, -spread]))
    return OutputFaithfulness(
        head="h", output="c", label="c", quantity="probability", value=0.9, empty=0.5, is_flagged=False,
        maps=maps, random=random, effective_tiles=3,
    )  # fmt: skip


def test_the_best_map_is_named_and_a_tie_is_called_a_tie() -> None:
    clear = most_faithful(ranked({"attention": 0.1, "contribution": 0.4, "single_tile": 0.2}, 0.05))
    assert clear.order == ("h.c.contribution", "h.c.single_tile", "h.c.attention")
    assert (clear.best, clear.is_tie, clear.recommended) == ("h.c.contribution", False, "h.c.contribution")
    assert clear.is_above_chance
    tie = most_faithful(ranked({"attention": 0.1, "contribution": 0.4, "single_tile": 0.38}, 0.05))
    assert tie.tied == ("h.c.contribution", "h.c.single_tile")
    assert (tie.best, tie.recommended) == ("h.c.contribution", "h.c.single_tile")
    assert not most_faithful(ranked({"attention": 0.01, "contribution": 0.02}, 0.05)).is_above_chance


def test_the_verdict_is_put_into_words() -> None:
    gains = {"attention": 0.1, "contribution": 0.4, "single_tile": 0.38}
    tie = verdict(ranked(gains, 0.05))
    assert tie.startswith("Most faithful: contribution (SRG 0.400), tied with single-tile, which")
    assert tie.endswith("To look at: single-tile.")
    assert verdict(ranked(gains, 0.001)) == "Most faithful: contribution (SRG 0.400)."
    assert verdict(ranked(gains, 0.7)).startswith("No map ranks tiles better than chance (±0.700)")
    assert caution(ranked(gains, 0.1)) == ""
    assert "c is not predicted" in caution(replace(ranked(gains, 0.1), is_flagged=True))
