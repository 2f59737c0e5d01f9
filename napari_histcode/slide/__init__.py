"""Open slides through one door, whatever library can read them."""

from napari_histcode.slide.channels import Channel
from napari_histcode.slide.opening import open_slide
from napari_histcode.slide.record import Mpp, SlideRecord
from napari_histcode.slide.slide import Slide

__all__ = ["Channel", "Mpp", "Slide", "SlideRecord", "open_slide"]
