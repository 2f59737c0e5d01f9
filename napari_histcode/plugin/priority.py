"""Let the window go first: jobs give way where processor cores are few."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

from qtpy.QtCore import QThread

NICENESS = 5
"""Of a job's threads on Linux: beside one of them, the window gets three quarters of a core."""


def give_way() -> None:
    """Lower the priority of this thread, which is one of Qt's, and where it can be of those that it starts.

    Qt's priorities do nothing on Linux. Linux keeps a niceness for each thread, which threads inherit from
    the one that starts them: readers and torch's own threads are included. Where the system refuses, the
    thread keeps the priority it has.
    """
    if sys.platform != "linux":
        QThread.currentThread().setPriority(QThread.Priority.LowPriority)
        return
    thread = threading.get_native_id()
    with contextlib.suppress(OSError):
        niceness = max(NICENESS, os.getpriority(os.PRIO_PROCESS, thread))
        os.setpriority(os.PRIO_PROCESS, thread, niceness)
