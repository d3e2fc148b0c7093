"""Tables of the study itself: instruments, problems, answers, checklist."""
