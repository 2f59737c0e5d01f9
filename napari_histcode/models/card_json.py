"""Model cards to and from JSON, strictly: a card that does not fit is refused by the name of its key."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any, TypeVar, get_args

from napari_histcode.errors import ModelFileError
from napari_histcode.models.card import (
    CARD_VERSION,
    Activation,
    DomainRecord,
    EncoderRecord,
    HeadRecord,
    ModelCard,
    OutputRecord,
    Pooling,
)

STORED_DTYPES = ("float32", "float16", "bfloat16")
"""Types in which an encoder's weights may be stored."""

_ADVICE = "The card is damaged; download or write the model again."
_T = TypeVar("_T")


def card_to_json(card: ModelCard) -> dict[str, Any]:
    """Return the card as the object that ``card.json`` holds."""
    data = asdict(card)
    return {"card_version": data.pop("card_version"), **data}


def card_text(card: ModelCard) -> str:
    """Return the text of ``card.json``.

    Raises
    ------
    ModelFileError
        If evidence or results hold something that JSON has no place for, such as NaN.
    """
    try:
        return json.dumps(card_to_json(card), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise ModelFileError(
            f"The card of {card.name!r} cannot be written as JSON ({error}).",
            advice="Use plain numbers, texts, lists and null in evidence and results.",
        ) from error


def card_from_json(text: str, *, source: str) -> ModelCard:
    """Read the text of ``card.json``.

    Parameters
    ----------
    text : str
        The file's content.
    source : str
        Name of the file, for messages.

    Raises
    ------
    ModelFileError
        If it is no JSON, was written by a newer version, lacks a key, has an unknown one, or a value
        does not fit.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ModelFileError(f"{source} is not JSON ({error}).", advice=_ADVICE) from error
    if not isinstance(data, dict):
        raise ModelFileError(f"{source} is not a model card.", advice=_ADVICE)
    version = data.get("card_version", CARD_VERSION)
    if isinstance(version, int) and version > CARD_VERSION:
        raise ModelFileError(
            f"{source} has card version {version}, and this package reads up to {CARD_VERSION}.",
            advice="Update it: pip install -U napari-histcode",
        )
    keys = _Keys(data, ModelCard, source)
    return _made(
        lambda: ModelCard(
            name=keys.text("name"),
            version=keys.text("version"),
            description=keys.text("description"),
            encoder=_encoder(keys.value("encoder"), f"{source}: encoder"),
            heads=tuple(
                _head(head, f"{source}: heads[{i}]") for i, head in enumerate(keys.sequence("heads"))
            ),
            licence=keys.text("licence"),
            training_data=keys.texts("training_data"),
            results=keys.mapping_or_none("results"),
            intended_use=keys.text("intended_use"),
            limits=keys.text("limits"),
            weights_digest=keys.text("weights_digest"),
            statistics_digest=keys.text("statistics_digest"),
            card_version=keys.count("card_version"),
        ),
        source,
    )


def read_card_file(path: Path) -> ModelCard:
    """Read a card from its file.

    Raises
    ------
    ModelFileError
        If the file is missing, unreadable or does not fit.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ModelFileError(
            f"The model folder {path.parent.name!r} has no {path.name}.",
            advice="A model is card.json and weights.safetensors in one folder.",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ModelFileError(f"{path.name} cannot be read ({error}).", advice=_ADVICE) from error
    return card_from_json(text, source=f"{path.parent.name}/{path.name}")


def _encoder(data: Any, where: str) -> EncoderRecord:
    keys = _Keys(data, EncoderRecord, where)
    return EncoderRecord(
        name=keys.text("name"),
        architecture=keys.text("architecture"),
        feature_dim=keys.count("feature_dim"),
        tile_px=keys.count("tile_px"),
        mpp=keys.positive("mpp"),
        mean=keys.triple("mean"),
        std=keys.triple("std", is_positive=True),
        pooling=keys.text("pooling"),
        hub_id=keys.text_or_none("hub_id"),
        revision=keys.text_or_none("revision"),
        dtype=keys.choice("dtype", STORED_DTYPES),
        licence=keys.text("licence"),
        is_gated=keys.truth("is_gated"),
        digest=keys.text("digest"),
    )


def _head(data: Any, where: str) -> HeadRecord:
    keys = _Keys(data, HeadRecord, where)
    outputs = keys.sequence("outputs")
    if not outputs:
        raise keys.fault("outputs", "is empty")
    return _made(
        lambda: HeadRecord(
            name=keys.text("name"),
            label=keys.text("label"),
            pooling=keys.choice("pooling", get_args(Pooling)),
            hidden_dim=keys.count("hidden_dim"),
            attention_dim=keys.count("attention_dim"),
            activation=keys.choice("activation", get_args(Activation)),
            outputs=tuple(_output(output, f"{where}.outputs[{i}]") for i, output in enumerate(outputs)),
            domain=keys.text("domain"),
            trained_on=_domain(keys.value("trained_on"), f"{where}.trained_on"),
            ensemble=keys.text("ensemble"),
        ),
        where,
    )


def _domain(data: Any, where: str) -> DomainRecord | None:
    if data is None:
        return None
    keys = _Keys(data, DomainRecord, where)
    return _made(
        lambda: DomainRecord(
            organs=keys.texts("organs"),
            stains=keys.texts("stains"),
            mpp_range=keys.pair_or_none("mpp_range"),
        ),
        where,
    )


def _output(data: Any, where: str) -> OutputRecord:
    keys = _Keys(data, OutputRecord, where)
    return OutputRecord(
        name=keys.text("name"),
        label=keys.text("label"),
        quantity=keys.text("quantity"),
        unit=keys.text("unit"),
        is_signed=keys.truth("is_signed"),
        evidence=keys.mapping_or_none("evidence"),
    )


def _made(make: Callable[[], _T], where: str) -> _T:
    """Turn what a record refuses into the fault of the file."""
    try:
        return make()
    except ModelFileError:
        raise
    except ValueError as error:
        raise ModelFileError(f"{where}: {error}", advice=_ADVICE) from error


class _Keys:
    """The keys of one JSON object, read one by one as the types that a record wants."""

    def __init__(self, data: Any, record: type, where: str) -> None:
        if not isinstance(data, Mapping):
            raise ModelFileError(f"{where} is not a JSON object.", advice=_ADVICE)
        self._data = data
        self._where = where
        self._defaults = {field.name: field.default for field in fields(record)}
        if unknown := sorted(set(data) - set(self._defaults)):
            raise ModelFileError(f"{where} has unknown keys: {', '.join(unknown)}.", advice=_ADVICE)

    def fault(self, key: str, what: str) -> ModelFileError:
        return ModelFileError(f"{self._where}: {key!r} {what}.", advice=_ADVICE)

    def value(self, key: str) -> Any:
        if key in self._data:
            return self._data[key]
        if self._defaults[key] is MISSING:
            raise self.fault(key, "is missing")
        return self._defaults[key]

    def text(self, key: str) -> str:
        return self._of(key, str, "a text")

    def text_or_none(self, key: str) -> str | None:
        return None if self.value(key) is None else self.text(key)

    def truth(self, key: str) -> bool:
        return self._of(key, bool, "true or false")

    def count(self, key: str) -> int:
        value = self.value(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise self.fault(key, f"is {value!r}, not a positive whole number")
        return value

    def positive(self, key: str) -> float:
        return self._number(key, self.value(key), is_positive=True)

    def triple(self, key: str, *, is_positive: bool = False) -> tuple[float, float, float]:
        values = self.sequence(key)
        if len(values) != 3:
            raise self.fault(key, "is not three numbers, one a colour")
        r, g, b = (self._number(key, value, is_positive=is_positive) for value in values)
        return r, g, b

    def pair_or_none(self, key: str) -> tuple[float, float] | None:
        if self.value(key) is None:
            return None
        values = self.sequence(key)
        if len(values) != 2:
            raise self.fault(key, "is not two numbers")
        low, high = (self._number(key, value, is_positive=True) for value in values)
        return low, high

    def choice(self, key: str, choices: tuple[str, ...]) -> Any:
        value = self.value(key)
        if value not in choices:
            raise self.fault(key, f"is {value!r}, not one of {', '.join(choices)}")
        return value

    def sequence(self, key: str) -> list[Any]:
        value = self.value(key)
        if not isinstance(value, list | tuple):
            raise self.fault(key, "is not a list")
        return list(value)

    def texts(self, key: str) -> tuple[str, ...]:
        values = self.sequence(key)
        if not all(isinstance(value, str) for value in values):
            raise self.fault(key, "is not a list of texts")
        return tuple(values)

    def mapping_or_none(self, key: str) -> dict[str, Any] | None:
        value = self.value(key)
        if value is not None and not isinstance(value, dict):
            raise self.fault(key, "is not a JSON object")
        return value

    def _of(self, key: str, kind: type[_T], words: str) -> _T:
        value = self.value(key)
        if not isinstance(value, kind):
            raise self.fault(key, f"is {value!r}, not {words}")
        return value

    def _number(self, key: str, value: Any, *, is_positive: bool) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not is_number or (is_positive and value <= 0):
            raise self.fault(key, f"is {value!r}, not a {'positive ' if is_positive else ''}number")
        return float(value)
