"""What may be shown of whom."""
