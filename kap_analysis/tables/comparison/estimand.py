"""The question in its five attributes (ICH E9(R1)), and the rules that the plan fixed."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from kap_analysis.errors import TableError
from kap_analysis.tables.page.cells import assemble
from kap_analysis.tables.page.layout import Layout, label_column, text_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.names import readable, readable_term
from kap_analysis.writing.numbers import is_missing, number
from kap_analysis.writing.sentences import join_words, sentence_case

NEEDED = ("instrument", "visit", "population", "switching")


def table_estimand(*, plan: Mapping[str, Any], stamp: str = "") -> Table:
    """Show what is estimated: treatment, population, variable, intercurrent events, summary; and the plan's rules.

    Parameters
    ----------
    plan : mapping
        ``plan.to_dict()``: ``instrument``, ``visit``, ``population``, ``switching``, and where known ``analysis_set``,
        ``missing_scores``, ``secondary``, ``covariates``, ``moderators``, ``sensitivity``, ``format_rule``,
        ``cohort_rule``, ``margin`` (None or ``points``, ``source``, ``date``), ``origin``, ``hash``.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per attribute and rule.

    Raises
    ------
    TableError
        If the plan lacks an attribute.
    """
    lacking = [name for name in NEEDED if name not in plan]
    if lacking:
        raise TableError(
            f"table_estimand needs {join_words(lacking)} in plan=; found {join_words(plan) if plan else 'nothing'}."
        )
    rows = [*_attributes(plan), *_rules(plan)]
    cells = pd.DataFrame(rows, columns=["part", "label", "text"])
    return assemble(
        "estimand",
        "The estimand and the plan",
        cells,
        Layout((label_column("Attribute"), text_column("text", "Definition", prose=True)), groups="part"),
        raw=cells,
        notes=_notes(plan),
        stamp=stamp,
    )


def _attributes(plan: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    part = "Estimand"
    return [
        (part, "Treatment", "Ketamine-assisted psychotherapy in group format, compared with individual format"),
        (part, "Population", sentence_case(plan["population"])),
        (part, "Variable", f"{plan['instrument']} score at {plan['visit']}"),
        (part, "Switching format, boosters, stopping early, other treatment", sentence_case(plan["switching"])),
        (part, "Summary", "Difference of means, group minus individual, given the baseline score and the covariates"),
    ]


def _rules(plan: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    part = "Rules of the plan"
    rules = [
        ("Analysis set", _words(plan.get("analysis_set"))),
        ("Scores never observed", _words(plan.get("missing_scores"))),
        ("Covariates", _words(plan.get("covariates"))),
        ("Moderators that are tested", _words(plan.get("moderators"))),
        ("Sensitivity analyses", _words(plan.get("sensitivity"))),
        ("Secondary instruments", _words(plan.get("secondary"))),
        ("Format of a patient", _words(plan.get("format_rule"))),
        ("Cohort of a patient", _words(plan.get("cohort_rule"))),
    ]
    rows = [(part, label, sentence_case(text)) for label, text in rules if text]
    return [*rows, (part, "Margin", _margin(plan.get("margin")))]


def _words(value: Any) -> str:
    if is_missing(value) or isinstance(value, str):
        return "" if is_missing(value) else readable(value)
    if isinstance(value, Iterable):
        words = [readable_term(str(word)) for word in value]
        return join_words(words) if words else "none"
    return str(value)


def _margin(margin: Any) -> str:
    if is_missing(margin):
        return "None was stated: the difference is estimated, not tested against a margin"
    return f"{number(margin['points'])} points ({margin.get('source', 'no source')}, {margin.get('date', 'no date')})"


def _notes(plan: Mapping[str, Any]) -> list[str]:
    notes = ["Attributes of an estimand as in ICH E9(R1)."]
    if plan.get("origin") == "drafted":
        notes.append("This plan was drafted from the study's settings; no plan.toml was written before the results.")
    if plan.get("hash"):
        notes.append(f"Hash of the plan (SHA-256): {str(plan['hash'])[:16]}…")
    return notes
