"""Published results of single-arm programmes, for context; they are neither a comparator nor a target.

Each number was read in an abstract, caption or registry entry. No standard deviation was given for the three-practice
study, so no effect size can be derived from it.
"""

from typing import Final

import pandas as pd

from kap_analysis.writing.sentences import join_words, n_statement, number

_DORE = "Dore et al. 2019, J Psychoactive Drugs 51(2):189-198, doi 10.1080/02791072.2019.1587556, caption of Figure 3"
_WHINKIN = "Whinkin et al. 2023, chart review of ketamine-assisted psychotherapy (abstract)"

#: instrument, quantity, value, number of patients (None: not stated for this figure), source, what to know
PUBLISHED_CHANGES: Final = (
    ("BDI-II", "mean change, intake to follow-up", -11.24, None, _DORE,
     "235 patients in the study; the number behind this mean, its spread and the time of follow-up were not found. "
     "The paper says BDI; its severity bands are those of the BDI-II."),
    ("HAM-A", "mean change, intake to follow-up", -5.5, None, _DORE,
     "As above. The abstract lists the HAM-A among self-reports."),
    ("PHQ-9", "mean change", -3.02, 111, _WHINKIN, "Standard deviation of the change 6.01."),
    ("GAD-7", "mean change", -2.45, 104, _WHINKIN, "Standard deviation of the change 6.01."),
)  # fmt: skip


def published_changes(instrument: str) -> pd.DataFrame:
    """Published mean changes on an instrument.

    Returns
    -------
    DataFrame
        ``instrument``, ``quantity``, ``value`` (points), ``n_published`` (NaN: not stated), ``source``, ``note``;
        no row if none is held.
    """
    names = ["instrument", "quantity", "value", "n_published", "source", "note"]
    frame = pd.DataFrame(PUBLISHED_CHANGES, columns=names)
    frame["n_published"] = frame["n_published"].astype("Float64")
    return frame[frame["instrument"] == instrument].reset_index(drop=True)


def published_sentence(published: pd.DataFrame) -> str:
    """The published results as a sentence; empty if none is held."""
    if published.empty:
        return ""
    told = [
        f"{row['quantity']} {number(row['value'], 2)} points"
        + (f", {n_statement(row['n_published'])}" if pd.notna(row["n_published"]) else "")
        + f" ({row['source']})"
        for _, row in published.iterrows()
    ]
    return f"Published, for context and not as a comparator: {join_words(told)}."
