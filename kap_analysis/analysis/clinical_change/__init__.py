"""Who changed reliably? Clinically significant change, response, durability."""
