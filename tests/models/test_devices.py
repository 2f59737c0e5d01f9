from __future__ import annotations

import pytest
import torch

from napari_histcode.errors import DeviceError
from napari_histcode.models.devices import choose_device, list_devices


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: f"Card {index}")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def test_auto_is_the_processor_where_there_is_nothing_else(no_gpu):
    assert choose_device() == torch.device("cpu")
    assert [option.name for option in list_devices()] == ["auto", "cpu"]
    assert choose_device("CPU ") == choose_device(torch.device("cpu"))


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps", "tpu", "cuda:x", ""])
def test_absent_devices_are_refused_with_a_list_of_those_present(no_gpu, name):
    with pytest.raises(DeviceError, match=r"This machine has: auto, cpu\."):
        choose_device(name)


def test_gpus_come_first(two_gpus):
    assert choose_device("auto") == torch.device("cuda", 0)
    assert choose_device("cuda") == torch.device("cuda", 0)
    assert choose_device("cuda:1") == torch.device("cuda", 1)
    assert [option.name for option in list_devices()] == ["auto", "cuda:0", "cuda:1", "cpu"]
    assert list_devices()[0].label == "Automatic: Card 0 (cuda:0)"


def test_a_gpu_that_is_not_there_is_refused(two_gpus):
    with pytest.raises(DeviceError, match="there are 2 GPUs"):
        choose_device("cuda:2")


def test_apple_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto") == torch.device("mps")
    assert [option.name for option in list_devices()] == ["auto", "mps", "cpu"]


def test_every_listed_device_can_be_chosen():
    for option in list_devices():
        assert isinstance(choose_device(option.name), torch.device)
