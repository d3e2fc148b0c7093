"""Covariance matrices as functions of parameters: the structures, and the algebra of symmetric matrices."""
