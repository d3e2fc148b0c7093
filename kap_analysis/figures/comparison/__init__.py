"""Figures of group versus individual."""
