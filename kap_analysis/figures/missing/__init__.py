"""Figures of missing scores: how far they could change the answer."""
