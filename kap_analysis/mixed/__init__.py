"""Linear mixed models for repeated measures; imports nothing of the package."""
