"""Cohorts of slides: tables with patients, sites and targets, and their division into folds."""
