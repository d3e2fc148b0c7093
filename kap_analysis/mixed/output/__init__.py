"""The summary page and the saved file of a fit."""
