"""Looking around on a slide: magnification, overview, what has been seen, turning."""
