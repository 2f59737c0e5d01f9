"""Compare maps with a pathologist's regions."""
