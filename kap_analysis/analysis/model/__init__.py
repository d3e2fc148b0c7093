"""The plan, the ladder of models and the primary model."""
