"""Notebooks run in order, the results folder and its manifest."""
