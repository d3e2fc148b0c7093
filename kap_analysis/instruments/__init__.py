"""What a questionnaire is, and how its items become a score."""
