"""From weak labels to maps: heads that see the expression of regions, tested on the expression of spots."""
