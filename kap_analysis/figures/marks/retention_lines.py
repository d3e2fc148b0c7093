"""How many of the treated patients are still seen, a line per format from 100% in month 0."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kap_analysis.columns import MONTH, N_PATIENTS
from kap_analysis.figures.marks.marks import LineEnd, label_line_ends
from kap_analysis.figures.page.frames import numbers_of, rows_of
from kap_analysis.figures.page.style import Theme
from kap_analysis.writing.numbers import count, percent
from kap_analysis.writing.sentences import sentence_case


def draw_retention(ax: Axes, retention: pd.DataFrame, formats: list[str], theme: Theme) -> str:
    """Draw the lines with n at their ends, from 0 to 100%; return what they show in a sentence.

    Parameters
    ----------
    retention : pandas.DataFrame
        The ``retention`` of ``describe_completeness``.
    """
    ends, told = [], []
    for name in formats:
        look, one = theme.look(name), rows_of(retention, name).sort_values(MONTH)
        month = np.insert(numbers_of(one, MONTH), 0, 0.0)
        share = np.insert(100 * numbers_of(one, "share"), 0, 100.0)
        ax.plot(
            month,
            share,
            color=look.colour,
            linestyle=look.line_style,
            marker=look.marker,
            markerfacecolor=theme.marker_face(name),
            clip_on=False,
            gid=f"retention {name}",
        )
        shown = np.flatnonzero(~np.isnan(share))[-1]
        last = one.iloc[shown - 1] if shown else None
        text = sentence_case(name) if last is None else f"{sentence_case(name)}\n{_of(last)}"
        ends.append(LineEnd(float(month[shown]), float(share[shown]), text, look.colour))
        steps = [f"month {m:.0f} {percent(s / 100)}" for m, s in zip(month[1:], share[1:], strict=True)]
        told.append(f"{name} {', '.join(steps)}")
    ax.set_ylim(0, 100)
    ax.set_xlim(0, float(numbers_of(retention, MONTH).max()) * 1.02)
    ax.set_xticks(sorted({round(month) for month in numbers_of(retention, MONTH)} | {0}))
    label_line_ends(ax, ends, lines=2)
    return f"Treated patients seen at a visit or later: {'; '.join(told)}."


def _of(row: pd.Series) -> str:
    return f"{count(row[N_PATIENTS])} of {count(row['n_at_risk'])}"
