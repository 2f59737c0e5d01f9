"""Open slides through one door, whatever library can read them."""
