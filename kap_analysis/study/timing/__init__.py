"""Time zero, format and cohort there, and visit windows."""
