"""Maps that give way while something else is painted over the tiles: nobody can tell two colours in one."""

from __future__ import annotations

from napari_histcode.plugin.canvas import Canvas
from napari_histcode.plugin.session import Session


class HiddenMaps:
    """Hides the maps that are seen, and shows them again; which one is selected stays.

    Parameters
    ----------
    session : Session
        Which maps are visible.
    canvas : Canvas
        Where they are drawn.
    """

    def __init__(self, session: Session, canvas: Canvas) -> None:
        self._session = session
        self._canvas = canvas
        self._hidden: frozenset[str] | None = None

    def hide(self) -> None:
        """Hide the maps that are visible now; what the user switches on meanwhile stays on."""
        if self._hidden is None:
            self._hidden = self._session.covered_maps = self._session.visible_maps
            self._switch(self._hidden, is_visible=False)

    def restore(self) -> None:
        """Show the maps that were hidden, unless the user has switched others on meanwhile."""
        hidden = self._hidden
        self.forget()
        if hidden is not None and not self._session.visible_maps:
            self._switch(hidden, is_visible=True)

    def forget(self) -> None:
        """Forget them: they were another result's."""
        if self._hidden is not None:
            self._hidden, self._session.covered_maps = None, frozenset()

    def _switch(self, names: frozenset[str], *, is_visible: bool) -> None:
        session = self._session
        for name in sorted(names & set(self._canvas.map_names())):
            others = session.visible_maps - {name}
            session.visible_maps = others | {name} if is_visible else others
            self._canvas.set_map_visible(name, is_visible=is_visible)
