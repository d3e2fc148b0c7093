"""The names of the instruments of the registry, in the order in which they are listed."""

from typing import Final

#: Every instrument of the registry: outcomes by condition, then screens and covariates.
NAMES: Final = (
    "BDI-II",
    "BDI",
    "PHQ-9",
    "PHQ-8",
    "HAM-D17",
    "MADRS",
    "QIDS-SR16",
    "GAD-7",
    "HAM-A",
    "PCL-5",
    "PCL-5 past week",
    "Y-BOCS",
    "EDE-QS",
    "WHO-5",
    "B-IPF",
    "MEQ-30",
    "CADSS",
    "C-SSRS",
    "EAT-26",
    "AUDIT",
    "ACE",
)
