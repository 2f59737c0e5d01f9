"""Where session files go that are dropped on napari's canvas."""

from __future__ import annotations

from pathlib import Path

from napari_histcode.plugin.inbox import Inbox

_inbox = Inbox[Path]()
receive = _inbox.receive
deliver = _inbox.deliver
