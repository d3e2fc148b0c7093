"""How numbers, names and sentences are written, everywhere."""
