"""What a study folder must be: the data dictionary, the settings, the problems."""
