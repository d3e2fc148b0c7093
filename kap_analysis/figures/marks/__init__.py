"""Marks that several figures draw: forests, bars, densities, axes of time."""
