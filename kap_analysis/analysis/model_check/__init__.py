"""Does the model fit? Diagnostics and the parts of the model."""
