"""The questions: one module per question."""
