"""Did they change? Observed scores, estimated change, trajectories."""
