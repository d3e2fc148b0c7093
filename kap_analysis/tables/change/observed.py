"""The scores as they were observed, visit by visit: n, mean, SD and interval by format."""

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, FORMAT, INSTRUMENT, N_PATIENTS, VISIT
from kap_analysis.tables.page.cells import (
    across,
    assemble,
    checked_frame,
    enough_notes,
    format_heading,
    formats_in,
    in_order,
    texts,
    with_enough,
)
from kap_analysis.tables.page.layout import Column, Layout, Spanner, label_column
from kap_analysis.tables.page.table import Table
from kap_analysis.writing.numbers import INTERVAL, count, interval, mean_sd
from kap_analysis.writing.sentences import sentence_case

COLUMNS = (INSTRUMENT, FORMAT, VISIT, N_PATIENTS, "mean", "sd", CI_LOW, CI_HIGH)


def table_observed_scores(*, means: pd.DataFrame, intervals: bool = True, stamp: str = "") -> Table:
    """Show the observed scores at each visit by format, with the number of patients beside every mean.

    Parameters
    ----------
    means : pandas.DataFrame
        ``observed_scores(outcomes).means``, of one instrument or of several under each other: ``instrument``,
        ``format``, ``visit``, ``n_patients``, ``mean``, ``sd``, ``ci_low``, ``ci_high``.
    intervals : bool
        Also show the 95% interval of each mean.
    stamp : str
        A word that must stay with the table, such as ``SIMULATED``.

    Returns
    -------
    Table
        One row per instrument and visit; per format n, mean (SD) and interval.

    Raises
    ------
    TableError
        If the frame lacks a column or has no rows.
    """
    frame = in_order(checked_frame(means, COLUMNS, name="means", caller="table_observed_scores"), VISIT)
    formats = formats_in(frame)
    written = {
        "n": texts(frame, count, N_PATIENTS),
        "mean": texts(frame, mean_sd, "mean", "sd"),
        "interval": texts(with_enough(frame), interval, CI_LOW, CI_HIGH),
    }
    cells = across(frame, [INSTRUMENT, VISIT], written, FORMAT)
    cells["label"] = [sentence_case(visit) for visit in cells[VISIT]]
    columns = [label_column("Visit")]
    spanners = []
    for name in formats:
        shown = {"n": "n", "mean": "Mean (SD)"} | ({"interval": INTERVAL} if intervals else {})
        columns += [Column(f"{key}|{name}", heading) for key, heading in shown.items()]
        spanners.append(Spanner(format_heading(name), tuple(f"{key}|{name}" for key in shown)))
    instruments = list(dict.fromkeys(frame[INSTRUMENT].astype(str)))
    return assemble(
        "observed-scores",
        _title(instruments),
        cells,
        Layout(tuple(columns), tuple(spanners), groups=INSTRUMENT if len(instruments) > 1 else ""),
        raw=frame,
        notes=(
            "n: patients assessed at the visit, not all who started. SD: standard deviation"
            + ("; Interval: confidence interval of the mean (t)." if intervals else "."),
            "Unadjusted: formats may have differed at the start. Unless patients were randomised, a difference "
            "is not an effect of the format.",
            *(enough_notes(frame) if intervals else ()),
        ),
        dash="nobody assessed, or too few for an SD.",
        stamp=stamp,
    )


def _title(instruments: list[str]) -> str:
    if len(instruments) == 1:
        return f"Observed {instruments[0]} scores by visit and format"
    return "Observed scores by instrument, visit and format"
