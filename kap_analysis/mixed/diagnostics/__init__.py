"""Residuals, and what each cohort or patient changes."""
