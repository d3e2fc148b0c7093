"""Figure 10 (supplement): how far each therapy group lies from the mean of all, with the ICC."""

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kap_analysis.columns import CI_HIGH, CI_LOW, COHORT_ID, ESTIMATE, N_PATIENTS, PRACTICE
from kap_analysis.figures.marks.forest import ForestRow, decimals_for, draw_forest, forest_height, sides, value_of
from kap_analysis.figures.marks.forest_fit import fitted_rows
from kap_analysis.figures.page.frames import checked_frame, given_frame, numbers_of
from kap_analysis.figures.page.page import AxesGiven, Drawn, Page, open_page
from kap_analysis.figures.page.scales import Scale, scale_of
from kap_analysis.figures.page.statement import draw_statement, why_nothing
from kap_analysis.figures.page.style import Width, is_narrow, width_in_mm
from kap_analysis.figures.page.text_size import text_width
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.writing.numbers import count, interval, number, plural, with_interval

_FIGURE = "plot_cohort_effects"
_EFFECTS = (COHORT_ID, ESTIMATE, CI_LOW, CI_HIGH, N_PATIENTS)
_ICC = (ESTIMATE, CI_LOW, CI_HIGH)
MOST_NAMED: Final = 45
"""Cohorts that get a row with name and numbers; more are drawn as thin lines without names."""
_DENSE_MM: Final = 110.0
_LONG_NAME_PT: Final = 80.0
_ALIKE_WITHIN: Final = 0.05
"""Effects that are all nearer to 0, and would read 0.0, are one sentence."""
_ALIKE = (
    "The effects of all {} are within 0.05 points of 0: the variance of the cohorts is estimated as nearly 0, "
    "which does not prove that they are alike."
)
_NOTHING = "There is no cohort to draw: no patient belongs to a therapy group."


def plot_cohort_effects(
    *,
    effects: pd.DataFrame,
    icc: pd.DataFrame | None = None,
    instrument: Instrument | str | None = None,
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """A caterpillar of the cohorts' random effects, from lowest to highest.

    Random effects are drawn towards zero, the more so the fewer patients a cohort has; the order of cohorts whose
    intervals overlap is no ranking.

    Parameters
    ----------
    effects : pandas.DataFrame
        One row per cohort: ``cohort_id``, ``estimate`` (points from the mean of all cohorts), ``ci_low``,
        ``ci_high``, ``n_patients``, optionally ``practice``. From a public study of real patients it is empty, and
        the figure says so.
    icc : pandas.DataFrame, optional
        One row: ``estimate``, ``ci_low``, ``ci_high`` of the intraclass correlation, optionally ``n_cohorts``
        (of two or more patients: others say nothing of likeness); written above.
    instrument : Instrument or str, optional
        For the unit and the direction.
    ax, theme, width, stamp
        As in :func:`plot_participant_flow`.

    Returns
    -------
    matplotlib.figure.Figure or matplotlib.axes.Axes

    Raises
    ------
    FigureError
        If a column is missing. A frame without any estimate gives a figure that says so.
    """
    effects = checked_frame(effects, _EFFECTS, name="effects", caller=_FIGURE, may_be_empty=True)
    icc = given_frame(icc, _ICC, name="icc", caller=_FIGURE)
    scale = scale_of(instrument)
    said = _icc_sentence(icc)
    known = effects.dropna(subset=[ESTIMATE]).sort_values([ESTIMATE, COHORT_ID], ignore_index=True)
    if known.empty:
        return draw_statement(
            f"{why_nothing(_NOTHING, effects)} {said}".strip(), ax=ax, theme=theme, width=width, stamp=stamp
        )
    if len(known) > 1 and float(np.abs(numbers_of(known, ESTIMATE)).max()) < _ALIKE_WITHIN:
        alike = f"{_ALIKE.format(plural(len(known), 'cohort'))} {said + '.' if said else ''}".strip()
        return draw_statement(alike, ax=ax, theme=theme, width=width, stamp=stamp)
    named = len(known) <= MOST_NAMED
    narrow = is_narrow(width)
    headers = _headers(known, narrow=narrow)
    rows, drawn_headers = fitted_rows(_rows(known, headers), headers, width_in_mm(width)) if named else ([], ())
    height = forest_height(rows) + 26 if named else _DENSE_MM
    with open_page(ax, theme=theme, width=width, height=height, stamp=stamp) as page:
        panel = page.axes[0]
        if named:
            label = _axis_label(scale, narrow=narrow)
            page.notes += draw_forest(panel, rows, page.theme, headers=drawn_headers, label=label, title=said)
        else:
            _draw_dense(page, panel, known, _axis_label(scale, narrow=narrow))
            panel.set_title(said)
        if len(known) < len(effects):
            page.note(f"{plural(len(effects) - len(known), 'cohort')} without an effect left out.")
        page.note("Effects are drawn towards zero, more in small cohorts; overlapping intervals are no ranking.")
        page.note_withheld(effects, icc)
        page.describe(_alternative(known, scale, said))
    return page.result


def _headers(known: pd.DataFrame, *, narrow: bool) -> tuple[str, ...]:
    """Columns beside the marks; on a narrow page, and for long names of practices, they stand in the label instead."""
    if narrow:
        return ()
    names = [] if PRACTICE not in known.columns else [str(name) for name in known[PRACTICE].dropna()]
    short = names and max(text_width(name) for name in names) <= _LONG_NAME_PT
    return (*(["Practice"] if short else []), "n", "Effect (95% interval)")


def _rows(known: pd.DataFrame, headers: tuple[str, ...]) -> list[ForestRow]:
    """A row per cohort, with what has no column of its own after its name."""
    ends = [numbers_of(known, column) for column in (ESTIMATE, CI_LOW, CI_HIGH)]
    decimals = max(1, decimals_for(float(np.nanmax(ends) - np.nanmin(ends))))
    rows = []
    for _, row in known.iterrows():
        estimate, low, high = (value_of(row[column]) for column in (ESTIMATE, CI_LOW, CI_HIGH))
        practice = "" if PRACTICE not in known.columns or pd.isna(row[PRACTICE]) else str(row[PRACTICE])
        n = count(row[N_PATIENTS])
        cells = {"Practice": practice, "n": n, "Effect (95% interval)": with_interval(estimate, low, high, decimals)}
        beside = [
            *([practice] if practice and "Practice" not in headers else []),
            *([] if headers else [f"n\u00a0=\u00a0{n}"]),
        ]
        label = ", ".join([str(row[COHORT_ID]), *beside])
        rows.append(ForestRow(label, estimate, low, high, columns=tuple(cells[header] for header in headers)))
    return rows


def _points(scale: Scale) -> str:
    return "points" if scale == scale_of(None) else f"{scale.name} points"


def _axis_label(scale: Scale, *, narrow: bool) -> str:
    quantity = f"Cohort effect, {_points(scale)}{chr(10) if narrow else ' '}from the mean of all cohorts"
    if not scale.direction_known:
        return quantity
    ends = ("better", "worse") if narrow else ("better than the mean", "worse than the mean")
    return sides(*scale.from_low_to_high(*ends), quantity)


def _draw_dense(page: Page, ax: Axes, known: pd.DataFrame, label: str) -> None:
    """Many cohorts: thin intervals and small marks over the rank, without names."""
    rank = np.arange(1, len(known) + 1, dtype=float)
    estimate, low, high = (numbers_of(known, column) for column in (ESTIMATE, CI_LOW, CI_HIGH))
    fine = max(0.15, min(0.8, 90 / len(known)))
    ax.hlines(rank, low, high, color=page.theme.muted, linewidth=fine, zorder=2, gid="interval")
    ax.plot(
        estimate, rank, marker=".", markersize=2.0, color=page.theme.foreground, linestyle="none", zorder=3,
        gid="estimate",
    )  # fmt: skip
    ax.axvline(0.0, color=page.theme.muted, linewidth=0.7, zorder=1, gid="no difference")
    ax.set_ylim(len(known) + 1, 0)
    ax.yaxis.set_major_formatter(lambda value, _: count(value))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}".replace("-", "−"))
    ax.set_ylabel(f"{plural(len(known), 'cohort')}, by effect")
    page.note(f"Thin lines: 95% intervals. More than {MOST_NAMED} cohorts are drawn without their names.")
    ax.set_xlabel(label)


def _icc_sentence(icc: pd.DataFrame | None) -> str:
    if icc is None or pd.isna(icc[ESTIMATE].iloc[0]):
        return ""
    row = icc.iloc[0]
    ends = "" if pd.isna(row[CI_LOW]) else f" (95% interval {interval(row[CI_LOW], row[CI_HIGH], 2)})"
    of = row.get("n_cohorts")
    cohorts = "" if of is None or pd.isna(of) else f", {plural(of, 'cohort')} of two or more patients"
    return f"Intraclass correlation {number(row[ESTIMATE], 2)}{ends}{cohorts}"


def _alternative(known: pd.DataFrame, scale: Scale, said: str) -> str:
    first, last = known.iloc[0], known.iloc[-1]
    apart = int(((known[CI_LOW] > 0) | (known[CI_HIGH] < 0)).sum())
    better = f" ({scale.direction})" if scale.direction else ""
    ends = [f"{row[COHORT_ID]} {with_interval(row[ESTIMATE], row[CI_LOW], row[CI_HIGH])}" for row in (first, last)]
    return (
        f"Caterpillar plot of {plural(len(known), 'cohort')}, {_points(scale)} from the mean of all{better}: from "
        f"{ends[0]} to {ends[1]}; {apart} with an interval that leaves out zero. {said + '.' if said else ''}"
    )
