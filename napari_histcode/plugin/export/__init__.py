"""Taking results home: the same export as the command line's, with what is on the screen."""
