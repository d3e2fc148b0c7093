"""From a formula and a frame to matrices and codes, with the checks on them."""
