"""The covariance at the estimates: V of each unit, Henderson's equations, variance tables."""
