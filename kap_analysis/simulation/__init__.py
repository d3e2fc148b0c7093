"""The simulated three-practice study and its truth."""
