"""Tests and intervals beyond single coefficients."""
