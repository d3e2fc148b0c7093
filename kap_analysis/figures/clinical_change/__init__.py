"""Figures of clinically significant change."""
