"""The faithfulness study as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from histcode_training.faithfulness_study import KINDS, OWN, FaithfulnessStudy
from histcode_training.recipe import Recipe
from napari_histcode.scores.faithfulness import OutputFaithfulness
from napari_histcode.scores.faithfulness_cohort import CohortMap
from napari_histcode.scores.faithfulness_ranking import verdict
from napari_histcode.scores.integrated_gradients import N_STEPS
from napari_histcode.scores.score import KIND_NAMES

NEGLIGIBLE = 0.01
"""A map whose mean SRG is less behind the best one is as good to look at."""


def faithfulness_text(study: FaithfulnessStudy, recipe: Recipe, *, command: str) -> str:
    """Write the results of the study.

    Parameters
    ----------
    study : FaithfulnessStudy
        What was measured.
    recipe : Recipe
        Names of the classes.
    command : str
        The command line that made it.
    """
    card = study.model.card
    sections = [
        "# Which map should a pathologist look at?",
        f"Made by\n\n    {command}\n\n"
        f"Model {card.name} {card.version}, weights {card.weights_digest[:16]}, encoder "
        f"{card.encoder.digest[:16]}.",
        _answer(study, recipe),
        _method(study),
        _sample(study, recipe),
        _fields(study, recipe),
        _limits(study),
    ]
    return "\n\n".join(sections) + "\n"


def _answer(study: FaithfulnessStudy, recipe: Recipe) -> str:
    ranked = study.fields.predictions.of(OWN, OWN)
    own = {one.kind: one for one in ranked}
    best, single, attention = ranked[0], own["single_tile"], own["attention"]
    advised = single if single.behind.value < NEGLIGIBLE else best
    equals = [one for one in ranked if one is not advised and abs(_lead(advised, one)) < NEGLIGIBLE]
    lines = [f"- **Look at the {_shown(advised)} map first.** {_why(advised, best)}"]
    if equals:
        lines.append(
            f"- {_list(equals).capitalize()}: as faithful, to within {NEGLIGIBLE:g} of SRG. They say in "
            "units of the slide's output what each tile did to it. Leave-one-out counts from the slide's own "
            "mean, so that it ranks tiles within a slide and not between slides (see its AUROC over fields)."
        )
    lines.append(
        f"- **Do not read attention as where the class is.** Its SRG is {attention.srg}, {attention.behind} "
        f"behind; it is the best map, or tied with it, on {attention.n_best} of {attention.n_slides} fields. "
        f"One attention serves all classes: on the sample {_attention_by_class(study, recipe)}."
    )
    return "\n".join(["## Answer", "", *lines])


def _why(advised: CohortMap, best: CohortMap) -> str:
    srg = f"On the held-out fields its SRG for the field's own class is {advised.srg}"
    place = "the highest of all" if advised is best else f"{advised.behind} behind {_shown(best)}"
    if advised.kind != "single_tile":
        return f"{srg}, {place}."
    return f"{srg}, {place}; and its values mean the same on every slide, whatever the other tiles are."


def _attention_by_class(study: FaithfulnessStudy, recipe: Recipe) -> str:
    head, parts = study.model.heads[0].name, []
    for tissue in recipe.classes:
        srg = study.sample.faithfulness.output(head, tissue.name).map("attention").srg
        auroc = study.sample.auroc[f"{tissue.name}.attention"]
        way = "no better than chance"
        if auroc.low > 0.5 or auroc.high < 0.5:
            way = "rightly" if auroc.low > 0.5 else "the wrong way round"
        parts.append(f"it ranks {tissue.shown} {way} (AUROC {auroc.value:.2f}, SRG {srg:+.2f})")
    return ", ".join(parts)


def _lead(one: CohortMap, other: CohortMap) -> float:
    return one.srg.value - other.srg.value


def _method(study: FaithfulnessStudy) -> str:
    config = study.sample.faithfulness.config
    return f"""## How it was measured

SRG asks the model: tiles are deleted by the map's ranking, in {config.n_steps} steps, and the head is
asked again; 0 is what a random ranking reaches, and higher is better ([what the numbers
say](../faithfulness.md)). Recorded is the probability; SRG (log-odds) is the same before the sigmoid.
AUROC asks the labels: do tiles of the class score higher? A slide's SRG has no interval, since nothing
was drawn; beside it stands what {config.n_random} random rankings of the same tiles reach. Integrated
gradients took {N_STEPS} steps; the greatest residual over all bags is {study.residual:.0%} of its
tolerance."""


def _sample(study: FaithfulnessStudy, recipe: Recipe) -> str:
    rows, said = [], []
    for tissue in recipe.classes:
        output = study.sample.faithfulness.output(study.model.heads[0].name, tissue.name)
        by_chance = f"±{output.random.srg_limit:.3f}"
        for kind in KINDS:
            one, auroc = output.map(kind), study.sample.auroc[f"{tissue.name}.{kind}"]
            name = KIND_NAMES[kind]
            rows.append([tissue.shown, name, f"{one.srg:+.3f}", by_chance, f"{one.p:.3f}", auroc])
        said.append(_said(output, tissue.shown))
    header = ["class", "map", "SRG", "95 % by chance", "p", "tile AUROC in the regions"]
    lines = "\n".join(said)
    return f"""## The sample slide

{_table(header, rows)}

The mosaic of the held-out fields as one bag of {study.sample.faithfulness.n_tiles} tiles. AUROC as
`histcode compare` gives it, with intervals from drawing blocks of one field.

{lines}"""


def _said(output: OutputFaithfulness, shown: str) -> str:
    flagged = ", not predicted" if output.is_flagged else ""
    number = f"{output.effective_tiles:.0f} effective tiles"
    return f"- {shown} (probability {output.value:.2f}{flagged}, {number}): {verdict(output)}"


def _fields(study: FaithfulnessStudy, recipe: Recipe) -> str:
    fields = study.fields
    own, raw = fields.predictions.of(OWN, OWN), {one.kind: one for one in fields.raw.of(OWN, OWN)}
    rows = [
        [
            _shown(one),
            one.srg,
            one.behind,
            raw[one.kind].srg,
            f"{one.n_best} of {one.n_slides}",
            *(fields.auroc[tissue.name][one.kind] for tissue in recipe.classes),
        ]
        for one in own
    ]
    header = ["map", "SRG", "behind the best", "SRG (log-odds)", "best or tied"]
    header += [f"tile AUROC, {tissue.shown}" for tissue in recipe.classes]
    return f"""## Held-out fields, each a bag of its own

{_table(header, rows)}

{fields.n_fields} fields of {fields.n_slides} slides, {fields.n_tiles} tiles. SRG of the output for a
field's own label, mean over slides; intervals (95 %) draw slides, then their fields. "Best or tied":
within what chance moves on that field. AUROC over the tiles of all fields, each tile with the label of
its field, intervals from drawing slides; values of maps that share something out among a field's tiles
are multiplied by their number. {_apart(study)}

SRG by output, over all fields, whatever their label:

{_by_output(study, recipe)}"""


def _apart(study: FaithfulnessStudy) -> str:
    flagged = study.fields.predictions.of(OWN, OWN, part="flagged")
    if not flagged:
        return "The own class is predicted on every field."
    gains = ", ".join(f"{_shown(one)} {one.srg.value:+.3f}" for one in flagged)
    count = f"{flagged[0].n_slides} of {study.fields.n_fields} fields"
    return f"On {count} the own class is not predicted (probability at most 1/2); their mean SRG: {gains}."


def _by_output(study: FaithfulnessStudy, recipe: Recipe) -> str:
    head, cohort = study.model.heads[0].name, study.fields.predictions
    by_class = [{one.kind: one for one in cohort.of(head, tissue.name)} for tissue in recipe.classes]
    rows = [[KIND_NAMES[kind], *(maps[kind].srg for maps in by_class)] for kind in KINDS]
    return _table(["map", *(tissue.shown for tissue in recipe.classes)], rows)


def _limits(study: FaithfulnessStudy) -> str:
    fields = study.fields
    return f"""## Limits

One model, one tumour type, one centre, {fields.n_slides} held-out slides: intervals over so few slides
are rough. The attention of this head is nearly uniform ({fields.effective_share:.0%} of a field's tiles
share it in effect, mean over fields), so that single-tile, contribution and leave-one-out rank tiles
almost alike; where attention is sharp they may part. A tile's label is that of its field. Deleting tiles
makes bags that the head was never trained on, as every such measurement does. Faithfulness says that a
map shows what the model used, not that the model is right."""


def _shown(one: CohortMap) -> str:
    return KIND_NAMES[one.kind]


def _list(maps: Sequence[CohortMap]) -> str:
    return ", ".join(_shown(one) for one in maps)


def _table(header: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
