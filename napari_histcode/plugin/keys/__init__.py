"""All keys of the dock in one place: what is bound is read from here, and so is the sheet that lists it."""
