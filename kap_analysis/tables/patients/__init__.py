"""Tables of who was treated and who was lost."""
