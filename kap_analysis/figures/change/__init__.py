"""Figures of change over time."""
