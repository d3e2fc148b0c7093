"""Several practices, one analysis, and no row of a patient leaves a practice."""
