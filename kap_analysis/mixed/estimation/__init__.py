"""The covariance parameters that maximise the likelihood."""
