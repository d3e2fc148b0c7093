"""Tables of change over time."""
