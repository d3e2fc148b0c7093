"""Many data sets on one design, fitted together."""
