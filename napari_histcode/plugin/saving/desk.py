"""All of the window that a session remembers, in one hand."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from weakref import ref

from napari_histcode.plugin.session import Session, SlideEntry

if TYPE_CHECKING:
    from napari_histcode.plugin.annotate.controller import AnnotateController
    from napari_histcode.plugin.blind.controller import BlindController
    from napari_histcode.plugin.compare.choices import ChoiceKeeper
    from napari_histcode.plugin.controller import Controller
    from napari_histcode.plugin.view.controller import ViewController


class _Pages(Protocol):
    @property
    def current(self) -> str: ...

    def show_page(self, name: str) -> None: ...


class FrontPage:
    """The page in front, without holding on to the pages themselves.

    Parameters
    ----------
    pages : Pages
        The pages of the dock.
    names : collection of str
        Their names.
    """

    def __init__(self, pages: _Pages, names: Collection[str]) -> None:
        self._pages = ref(pages)
        self._names = names

    def name(self) -> str:
        """Tell which page is in front; empty if they are gone."""
        pages = self._pages()
        return pages.current if pages is not None else ""

    def show(self, name: str) -> None:
        """Bring a page to the front; harmless where there is none of that name."""
        pages = self._pages()
        if pages is not None and name in self._names:
            pages.show_page(name)


@dataclass(frozen=True, kw_only=True, eq=False)
class Desk:
    """The parts of the window."""

    controller: Controller
    """Slides, results and maps."""
    view: ViewController
    """The camera and what was seen."""
    annotate: AnnotateController
    """Regions and classes."""
    choices: ChoiceKeeper
    """What was chosen on the page Compare."""
    blind: BlindController
    """Readings."""
    page: Callable[[], str]
    """Tells the page in front."""
    show_page: Callable[[str], None]
    """Brings a page to the front; harmless where there is none of that name."""

    @property
    def session(self) -> Session:
        """The window's state."""
        return self.controller.session

    def entry_of(self, digest: str) -> SlideEntry | None:
        """Find an open slide by its content."""
        return next((each for each in self.session.slides if each.record.digest == digest), None)
