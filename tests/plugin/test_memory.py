"""Freed memory goes back: seen in a process of its own, since the setting is one of the whole process."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys

import pytest

from napari_histcode.plugin.memory import MAPPED_FROM_BYTES

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc" or not hasattr(ctypes.CDLL(None), "mallinfo2"),
    reason="asks glibc 2.33 or newer where its blocks are",
)

LOOK = f"""
import ctypes, sys
from napari_histcode.plugin.memory import give_back_freed_memory

class Told(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd",
        "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
    )]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Told
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
if sys.argv[1] == "give back":
    print(give_back_freed_memory())
libc.free(libc.malloc({8 * MAPPED_FROM_BYTES}))
before = libc.mallinfo2().hblks
block = libc.malloc({4 * MAPPED_FROM_BYTES})
print(libc.mallinfo2().hblks - before)
"""


def looked(what: str, **environment: str) -> list[str]:
    """Free a large block and take another: return what was said, and how many blocks came from the system."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    command = [sys.executable, "-c", LOOK, what]
    done = subprocess.run(command, env=own | environment, check=True, capture_output=True, text=True)
    return done.stdout.split()


def test_large_blocks_come_from_the_system_and_go_back() -> None:
    assert looked("leave") == ["0"]  # out of a heap, which is what would pile up
    assert looked("give back") == ["True", "1"]


@pytest.mark.parametrize(
    "environment",
    [
        {"MALLOC_TRIM_THRESHOLD_": "1000000"},
        {"MALLOC_MMAP_THRESHOLD_": "1000000"},
        {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=1000000"},
    ],
)
def test_what_the_user_has_said_holds(environment: dict[str, str]) -> None:
    assert looked("give back", **environment)[0] == "False"
