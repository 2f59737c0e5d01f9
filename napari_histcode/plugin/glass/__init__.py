"""The pictures of the glass itself, label and macro: shown on request, and then forgotten."""
