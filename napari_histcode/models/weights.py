"""Named weights: read them without running anything, fit them strictly, name them by a digest."""

from __future__ import annotations

import hashlib
import pickle
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from napari_histcode.errors import ModelFileError, ModelNotFoundError

_COUNTER = "num_batches_tracked"
"""A training counter of batch normalisation; it says nothing of what the network computes."""


_DAMAGED = (
    pickle.UnpicklingError, RuntimeError, EOFError, OSError,
    ValueError, LookupError, TypeError, AttributeError,
)  # fmt: skip
"""What a reader of pickles may say of a file that is none, or a broken one."""
_FOREIGN_OBJECT = re.compile(r"Unsupported (global|class)|unrecognized function")
"""How torch says that a file asks for more than tensors."""


def network_weights(network: nn.Module) -> dict[str, Tensor]:
    """Return the named weights and statistics that decide what the network computes, on the CPU."""
    return {
        name: value.detach().cpu()
        for name, value in network.state_dict().items()
        if not name.endswith(_COUNTER)
    }


def digest_weights(weights: Mapping[str, Tensor]) -> str:
    """Return the SHA-256, in hex, over names, shapes and float32 values, in the order of names."""
    sha = hashlib.sha256()
    for name in sorted(weights):
        value = weights[name].detach().to("cpu", torch.float32).contiguous()
        sha.update(f"{name}{tuple(value.shape)}".encode())
        sha.update(value.reshape(-1).numpy().astype("<f4", copy=False).data)
    return sha.hexdigest()


def read_checkpoint(path: str | Path) -> dict[str, Tensor]:
    """Read the tensors of a checkpoint, never its code.

    Parameters
    ----------
    path : path
        A ``.safetensors`` file or one of ``torch.save``, loaded with ``weights_only=True``. Tensors
        nested under "state_dict" or "model" are found.

    Returns
    -------
    dict of str to Tensor
        On the CPU, with the names of the file.

    Raises
    ------
    ModelNotFoundError
        If there is no such file.
    ModelFileError
        If it cannot be read as weights only, or holds no tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelNotFoundError(f"There is no checkpoint {path}.", advice="Check the path.")
    if path.suffix == ".safetensors":
        return read_safetensors(path)
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except _DAMAGED as error:
        if isinstance(error, pickle.UnpicklingError) and _FOREIGN_OBJECT.search(str(error)):
            raise ModelFileError(
                f"{path.name} holds more than weights and was not loaded: it could run code.",
                advice="Save its state dict alone, torch.save(model.state_dict(), ...), where you trust it.",
            ) from error
        raise ModelFileError(
            f"{path.name} is not a readable checkpoint ({type(error).__name__}).",
            advice="Download or copy it again.",
        ) from error
    for key in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    tensors = (
        {str(k): v for k, v in content.items() if isinstance(v, Tensor)}
        if isinstance(content, Mapping)
        else {}
    )
    if not tensors:
        raise ModelFileError(f"{path.name} holds no named weights.", advice="A state dict is needed.")
    return tensors


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file.

    Raises
    ------
    ModelFileError
        If the file is damaged.
    """
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelFileError(
            f"{path.name} is not a readable safetensors file ({error}).",
            advice="Download or copy it again.",
        ) from error


def load_weights(
    module: nn.Module, weights: Mapping[str, Tensor], *, source: str, ignore: Collection[str] = ()
) -> None:
    """Fill a module with exactly these weights, converted to float32.

    Parameters
    ----------
    module : nn.Module
        The module to fill, in place.
    weights : mapping of str to Tensor
        Every weight of the module and no other; training counters do not count.
    source : str
        Where the weights come from, for messages.
    ignore : collection of str
        Names that may be missing in the weights.

    Raises
    ------
    ModelFileError
        If names are missing or too many, or shapes differ; the message lists them.
    """
    wanted = {name: v for name, v in module.state_dict().items() if not name.endswith(_COUNTER)}
    given = {name: v for name, v in weights.items() if not name.endswith(_COUNTER)}
    faults = []
    if missing := sorted(wanted.keys() - given.keys() - set(ignore)):
        faults.append(f"missing: {_shorten(missing)}")
    if unexpected := sorted(given.keys() - wanted.keys()):
        faults.append(f"unexpected: {_shorten(unexpected)}")
    differing = [
        f"{name} {tuple(given[name].shape)} instead of {tuple(wanted[name].shape)}"
        for name in sorted(wanted.keys() & given.keys())
        if given[name].shape != wanted[name].shape
    ]
    if differing:
        faults.append(f"of another shape: {_shorten(differing)}")
    if faults:
        raise ModelFileError(
            f"The weights of {source} do not fit the architecture; {'; '.join(faults)}.",
            advice="The file is damaged, or belongs to another architecture.",
        )
    # strict is off for the training counters alone: everything else has been compared above
    module.load_state_dict(
        {name: v.float() if v.is_floating_point() else v for name, v in given.items()}, strict=False
    )


def _shorten(names: list[str], n_shown: int = 6) -> str:
    more = f" and {len(names) - n_shown} more" if len(names) > n_shown else ""
    return ", ".join(names[:n_shown]) + more
