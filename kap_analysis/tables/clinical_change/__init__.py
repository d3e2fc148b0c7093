"""Tables of clinically significant change."""
