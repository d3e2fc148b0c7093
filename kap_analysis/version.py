"""The version of the package, in this one file."""

__version__ = "0.1.0"
