"""Tell tissue from glass."""
