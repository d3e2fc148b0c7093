"""What ties the tables to each other and to the instruments."""
