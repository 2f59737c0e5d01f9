"""Where networks run: the processor, an NVIDIA GPU, or Apple's GPU."""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch

from napari_histcode.errors import DeviceError


@dataclass(frozen=True, kw_only=True)
class DeviceOption:
    """One line of a device menu."""

    name: str
    """What `choose_device` takes: "auto", "cpu", "cuda:0", "mps"."""
    label: str
    """What the user reads: "NVIDIA H100 (cuda:0)"."""


def choose_device(name: str | torch.device = "auto") -> torch.device:
    """Return the device of that name, made sure to be there.

    Parameters
    ----------
    name : str or torch.device
        "auto" (the first GPU, or else the processor), "cpu", "cuda", "cuda:N" or "mps".

    Raises
    ------
    DeviceError
        If the name is none of these or the device is absent; the advice lists those there are.
    """
    text = str(name).strip().lower()
    if text == "auto":
        return _fastest_device()
    if text == "cpu":
        return torch.device("cpu")
    if text == "mps":
        if not torch.backends.mps.is_available():
            raise DeviceError("There is no Apple GPU (mps) here.", advice=_advice())
        return torch.device("mps")
    match = re.fullmatch(r"cuda(?::(\d+))?", text)
    if match is None:
        raise DeviceError(f"{str(name)!r} is not a device.", advice=_advice())
    if not torch.cuda.is_available():
        raise DeviceError(
            f"Device {text!r} was asked for, and torch sees no NVIDIA GPU.",
            advice=f"{_advice()} A GPU needs its driver and a torch built for CUDA.",
        )
    index = int(match.group(1) or 0)
    if index >= torch.cuda.device_count():
        raise DeviceError(
            f"Device {text!r} was asked for, and there are {torch.cuda.device_count()} GPUs.",
            advice=_advice(),
        )
    return torch.device("cuda", index)


def list_devices() -> tuple[DeviceOption, ...]:
    """Return the devices of this machine, "auto" first, with labels for a menu."""
    found = [
        DeviceOption(name=f"cuda:{i}", label=f"{torch.cuda.get_device_name(i)} (cuda:{i})")
        for i in range(torch.cuda.device_count() if torch.cuda.is_available() else 0)
    ]
    if torch.backends.mps.is_available():
        found.append(DeviceOption(name="mps", label="Apple GPU (mps)"))
    found.append(DeviceOption(name="cpu", label=f"Processor, {torch.get_num_threads()} threads (cpu)"))
    return (DeviceOption(name="auto", label=f"Automatic: {found[0].label}"), *found)


def _fastest_device() -> torch.device:
    if torch.cuda.is_available():
        return torch.device("cuda", 0)
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def _advice() -> str:
    names = ", ".join(option.name for option in list_devices())
    return f"This machine has: {names}."
