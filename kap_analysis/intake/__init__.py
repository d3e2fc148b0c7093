"""From a practice's own export to a study folder: foreign files are opened here, read by a map, and accounted for."""
