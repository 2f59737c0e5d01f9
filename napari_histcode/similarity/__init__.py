"""Find the tiles that look like a given one, in a slide and over many."""
