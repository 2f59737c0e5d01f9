from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from histcode_training.contrastive.history import read_history
from histcode_training.contrastive.train import CHECKPOINT, HISTORY

from .material import SHARED, small, train, write_tiles

ONE_OF_TWO = """
import sys
from pathlib import Path
import torch.distributed as dist
from histcode_training.contrastive.ranks import Ranks
from tests.training.contrastive.material import SHARED, small, train
data, out, rank = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
meeting = (out.parent / "meeting").as_uri()
dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=2)
with small():
    train(SHARED, data, out, ranks=Ranks(rank, 2))
dist.destroy_process_group()
"""


@pytest.mark.skipif(not torch.distributed.is_available(), reason="torch was built without distributed")
def test_two_processes_do_what_one_does(tmp_path: Path) -> None:
    data = write_tiles(tmp_path / "tiles")
    repository = Path(__file__).parents[3]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ONE_OF_TWO, str(data), str(tmp_path / "two"), str(rank)],
            cwd=repository,
            env=environment,
        )
        for rank in range(2)
    ]
    try:
        with small():
            train(SHARED, data, tmp_path / "one")
        assert [process.wait(timeout=120) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    states = [torch.load(tmp_path / name / CHECKPOINT, weights_only=True) for name in ("one", "two")]
    one, two = (state["learner"] for state in states)
    for part in ("network", "key_network", "negatives"):
        for name, value in one[part].items():
            torch.testing.assert_close(two[part][name], value, atol=1e-6, rtol=0)
    assert int(two["negatives"]["n_steps"]) == 5
    assert read_history(tmp_path / "two" / HISTORY)[-1]["loss"] == pytest.approx(
        read_history(tmp_path / "one" / HISTORY)[-1]["loss"], abs=1e-5
    )
