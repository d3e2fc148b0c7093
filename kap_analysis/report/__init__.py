"""Notebooks run in order, the results folder and its manifest."""

from kap_analysis.report.iri_grammar import make_grammar_later

make_grammar_later()
