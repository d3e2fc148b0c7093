"""The result of `moderate`, and its sentences for a Results section."""

from dataclasses import dataclass, field

import pandas as pd

from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.columns import (
    CI_HIGH,
    CI_LOW,
    N_PATIENTS,
    P_VALUE,
)
from kap_analysis.writing.sentences import (
    estimate_words,
    interval,
    join_words,
    n_statement,
    number,
    p_statement,
    plural,
    sentence_case,
    within_sentence,
)


@dataclass(frozen=True)
class Moderation(Result):
    """Moderators of the difference between the formats at one visit.

    Attributes
    ----------
    interactions : DataFrame
        ``moderator``, ``unit``, the estimate columns (change of group minus individual per unit), ``p_holm``
        (over the planned ones), ``n_patients``, ``exploratory``, ``warning``, ``note`` (why it could not be
        examined, or a note on its model). A descriptive comparison tests no moderator.
    differences : DataFrame
        Group minus individual at values of the moderator: ``moderator``, ``value``, ``level``, the estimate columns
        (intervals adjusted by Bonferroni over the values of a moderator; no test), ``n_patients``, ``exploratory``.
    visit : str
    plan_origin : str
        "registered" or "drafted": where the planned moderators were named.
    caution : str
        That format and practice cannot be told apart, where they cannot; else empty.
    """

    interactions: pd.DataFrame
    differences: pd.DataFrame
    visit: str
    plan_origin: str
    caution: str = ""
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        return moderation_paragraph(self)


def moderation_paragraph(result: Moderation) -> str:
    """The planned moderators with their tests, the exploratory ones, those that could not be examined, warnings."""
    found = result.interactions["estimate"].notna()
    planned = result.interactions[found & ~result.interactions["exploratory"]]
    others = result.interactions[found & result.interactions["exploratory"]]
    parts = []
    if len(planned):
        tests = int(planned[P_VALUE].notna().sum())
        how = f"p adjusted by Holm's method over {plural(tests, 'test')}" if tests else "descriptive, without tests"
        parts += _in_short(planned, result) if tests else []
        parts += _differences_told(planned, how, result)
        if len(others):
            were = "was" if len(others) == 1 else "were"
            parts.append(
                f"{plural(len(others), 'other characteristic')} {were} examined as exploratory, without tests: a "
                "chance finding is likely among them."
            )
    else:
        if not result.interactions["exploratory"].all():
            parts.append(f"No planned moderator of the difference at {result.visit} could be examined.")
        how = "exploratory, named in no plan, without tests: a chance finding is likely among them"
        parts += _differences_told(others, how, result) if len(others) else []
    parts += _not_asked(result.interactions[~found])
    shown = planned if len(planned) else others
    warned = shown[shown["warning"] != ""]
    parts += [f"{row['moderator']}: {row['warning']}." for _, row in warned.iterrows()]
    return " ".join(part for part in (*parts, result.caution) if part)


def _differences_told(rows: pd.DataFrame, how: str, result: Moderation) -> list[str]:
    told = "; ".join(_moderator_words(row, result.differences) for _, row in rows.iterrows())
    return [
        f"How group minus individual at {result.visit} varies with the patient ({how}): {told}.",
        "Intervals at single values are widened by Bonferroni's method.",
    ]


def _in_short(planned: pd.DataFrame, result: Moderation) -> list[str]:
    """Whether the difference was shown to vary with any characteristic that was tested."""
    tested = planned[planned["p_holm"].notna()]
    changing = [within_sentence(name) for name in tested.loc[tested["p_holm"] < 0.05, "moderator"].astype(str)]
    if changing:
        return [f"The difference between the formats at {result.visit} varies with {join_words(changing)}."]
    asked = f"any of the {len(tested)} characteristics" if len(tested) > 1 else "the one characteristic"
    where = "in advance" if result.plan_origin == "registered" else "in the drafted plan"
    return [f"The difference between the formats at {result.visit} was not shown to vary with {asked} named {where}."]


def _moderator_words(row: pd.Series, differences: pd.DataFrame) -> str:
    """ "Age, −1.0 points per 10 years (...): 4.2 (−1.2 to 9.7) at 30 and ..." """
    size = estimate_words(row)
    per = f"{size} points, {row['unit']}" if " against " in row["unit"] else f"{size} points per {row['unit']}"
    told = [f"95% interval {interval(row[CI_LOW], row[CI_HIGH])}", f"df {number(row['df'])}"]
    if pd.notna(row["p_holm"]):
        told.append(p_statement(row["p_holm"]))
    told.append(n_statement(row[N_PATIENTS]))
    where = "{}" if " against " in row["unit"] else "at {}"
    at = [
        f"{estimate_words(one)} ({interval(one[CI_LOW], one[CI_HIGH])}) {where.format(one['level'])}"
        for _, one in differences[differences["moderator"] == row["moderator"]].iterrows()
    ]
    return f"{row['moderator']}, {per} ({'; '.join(told)}): {join_words(at)}"


def _not_asked(rows: pd.DataFrame) -> list[str]:
    known = rows[rows["note"].fillna("") != ""]
    return [f"{sentence_case(row['moderator'])} could not be examined: {row['note'].rstrip('.')}." for _, row in
            known.iterrows()]  # fmt: skip
