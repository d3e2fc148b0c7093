"""Adverse events and whether they were asked about, vital signs, and the items on suicidality."""
