"""Figures of the patients: who was treated, and who was assessed."""
