"""The comparison of clinically significant change in the sentences of a Results section."""

from typing import TYPE_CHECKING

import pandas as pd

from kap_analysis.analysis.pooled_risks import DIFFERENCE, RATIO
from kap_analysis.analysis.response import WORSE
from kap_analysis.analysis.unadjusted import NOT_BY_CHANCE
from kap_analysis.analysis.wording import (
    interval,
    interval_apart,
    join_words,
    number,
    p_value,
    percent,
    sentence_case,
    share,
)
from kap_analysis.columns import CI_HIGH, CI_LOW, ESTIMATE, FORMAT, GROUP, INDIVIDUAL, N_PATIENTS

if TYPE_CHECKING:
    from kap_analysis.analysis.clinical_comparison import ClinicalChangeComparison


def comparison_of_classes(result: "ClinicalChangeComparison") -> str:
    """What was compared in whom, each event for better and for worse, and what was seen without imputation."""
    about = result.about.iloc[0]
    told = [
        f"At {about['visit']}, in {share(about[N_PATIENTS], about['n_started'])} patients who started, with missing "
        f"{about['instrument']} scores imputed {number(result.n_imputations, 0)} times:"
    ]
    before = ""
    for event in dict.fromkeys(result.contrasts["event"].astype(str)):
        sentence, before = _event_sentence(result, event, before)
        told.append(sentence)
    told += [_needed_sentence(row) for _, row in result.needed.iterrows()]
    last = f"The intervals are not adjusted for the number of events. {NOT_BY_CHANCE}."
    return " ".join([*told, *result.notes, last])


def _event_sentence(result: "ClinicalChangeComparison", event: str, before: str) -> tuple[str, str]:
    """The sentence of one event, and what it was adjusted for (said again only where it differs from `before`)."""
    rows = result.contrasts[result.contrasts["event"] == event].set_index("measure")
    risks = result.risks[result.risks["event"] == event].set_index(FORMAT)["risk"]
    observed = _observed_words(result.observed[result.observed["event"] == event])
    difference, ratio = rows.loc[DIFFERENCE], rows.loc[RATIO]
    start = f"{sentence_case(event)}: {percent(risks[GROUP])} in groups and {percent(risks[INDIVIDUAL])} individually"
    if pd.isna(difference[CI_LOW]):
        return f"{start}; {difference['note'] or 'no interval'}{observed}.", before
    adjusted = str(difference["adjusted_for"])
    words = "unadjusted" if adjusted == "nothing" else f"given {adjusted}"
    ends = interval_apart(100 * difference[CI_LOW], 100 * difference[CI_HIGH])
    sentence = (
        f"{start}{'' if adjusted == before else f' ({words})'}, a difference of "
        f"{number(100 * difference[ESTIMATE])} percentage points (95% interval {ends}; df {number(difference['df'])}; "
        f"{p_value(difference['p_value'])}) and a ratio of {number(ratio[ESTIMATE], 2)} "
        f"({interval_apart(ratio[CI_LOW], ratio[CI_HIGH], marks=(1.0,), decimals=2)}){observed}."
    )
    return sentence, adjusted


def _observed_words(seen: pd.DataFrame) -> str:
    """Counts of those assessed; of a worsening, with the interval: a small count must not look like none.

    Nothing where all are withheld.
    """
    if seen["n"].isna().all():
        return ""
    told = []
    for _, row in seen.iterrows():
        ends = (
            f" (95% interval {interval(100 * row[CI_LOW], 100 * row[CI_HIGH], 0)}%)"
            if row["side"] == WORSE and pd.notna(row[CI_LOW])
            else ""
        )
        told.append(f"{share(row['n'], row['n_assessed'])} in {row[FORMAT]} format{ends}")
    return f"; of those assessed {join_words(told)}"


def _needed_sentence(row: pd.Series) -> str:
    ends = f"{number(row[CI_LOW])} to {number(row[CI_HIGH])}"
    return f"Number needed to treat: {number(row[ESTIMATE])} (95% interval {ends}) {row['meaning']}."
