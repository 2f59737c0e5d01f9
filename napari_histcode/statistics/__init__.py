"""Numbers with intervals, and draws of patients: what several stages say how sure they are with."""
