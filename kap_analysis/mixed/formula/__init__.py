"""From the text of a formula to a formula that has been read."""
