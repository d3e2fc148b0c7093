"""Tables of adverse events, suicidality answers and vital signs."""
