"""Group versus individual: the difference, its margin, cohorts and moderators."""
