"""Figures of what the missing scores could change."""
