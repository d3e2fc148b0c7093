"""Marginal means, contrasts of them, and comparisons with a margin."""
