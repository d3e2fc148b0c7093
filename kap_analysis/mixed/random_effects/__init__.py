"""Random effects, predictions, ICC and R squared."""
