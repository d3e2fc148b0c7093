"""Standard errors and degrees of freedom of the fixed effects."""
