"""Figures that check the model."""
