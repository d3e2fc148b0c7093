"""Parts of a formula, for the tests of codings."""

from kap_analysis.mixed.formula.formula import Part
from kap_analysis.mixed.formula.parser import read_formula


def part_of(text: str) -> Part:
    return read_formula(f"score ~ {text}").fixed
