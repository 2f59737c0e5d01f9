"""From a data folder to a finished model with several heads, by one recipe that names the others."""
