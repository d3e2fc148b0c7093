"""Whether the tables agree with each other and with the instruments."""
