"""-2 log likelihood and its derivatives."""
