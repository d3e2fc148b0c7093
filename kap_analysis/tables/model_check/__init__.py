"""Tables that check the model."""
