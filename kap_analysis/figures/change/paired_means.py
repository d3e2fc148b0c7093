"""Figure 2: mean scores at baseline and follow-up over the severity bands, of the same patients at both times."""

from collections.abc import Iterable
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from kap_analysis.columns import BASELINE, CI_HIGH, CI_LOW, ESTIMATE, INSTRUMENT, N_PATIENTS, VISIT
from kap_analysis.figures.change.patient_dots import FOLLOW_UP, draw_patient_dots, said_of_dots
from kap_analysis.figures.marks.marks import draw_bands, view_of_scores, whole_number_axis
from kap_analysis.figures.page.frames import checked_frame, given_frame, numbers_of
from kap_analysis.figures.page.page import AxesGiven, Drawn, Page, open_page
from kap_analysis.figures.page.scales import Scale, scale_of
from kap_analysis.figures.page.statement import draw_statement, why_nothing
from kap_analysis.figures.page.style import SMALL_PT, Width, is_narrow, panel_grid
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.result_frames import levels_of
from kap_analysis.writing.numbers import count, interval, number, plural, with_interval
from kap_analysis.writing.sentences import join_words
from kap_analysis.writing.small_numbers import is_enough, of_enough, said_of_few

_FIGURE = "plot_paired_means"
_NOTHING = "There are no mean scores to draw: nobody was scored."
_TIME = "time"
_MEANS = (INSTRUMENT, _TIME, VISIT, N_PATIENTS, "mean", CI_LOW, CI_HIGH)
_CHANGE = (INSTRUMENT, VISIT, N_PATIENTS, "mean_change", CI_LOW, CI_HIGH)
_MODELLED = (INSTRUMENT, VISIT, ESTIMATE, CI_LOW, CI_HIGH, N_PATIENTS)
_AT = {BASELINE: 0.0, "follow-up": 1.0}
_MODEL_BESIDE = 0.13
_PANELS_IN_A_ROW = 2


def plot_paired_means(
    *,
    means: pd.DataFrame,
    change: pd.DataFrame | None = None,
    modelled: pd.DataFrame | None = None,
    patients: pd.DataFrame | None = None,
    instruments: Iterable[Instrument] = (),
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """Mean score before and after treatment, over the instrument's severity bands; one panel per instrument.

    Drawn in the style of Figure 3 of Dore et al. (2019, doi 10.1080/02791072.2019.1587556), with what that figure
    could not show: n, intervals, and the model mean of all patients beside the mean of the patients seen twice.

    Parameters
    ----------
    means : pandas.DataFrame
        The ``means`` of ``paired_scores``: ``instrument``, ``time`` ("baseline" or "follow-up"), ``visit`` (names the
        follow-up on the axis), ``n_patients``, ``mean``, ``ci_low``, ``ci_high``; scores in points.
    change : pandas.DataFrame, optional
        The ``change`` of ``paired_scores``: ``instrument``, ``visit``, ``n_patients``, ``mean_change``, ``ci_low``,
        ``ci_high``; written over the panel.
    modelled : pandas.DataFrame, optional
        The ``means`` of ``estimate_change``: ``instrument``, ``visit``, ``estimate``, ``ci_low``, ``ci_high``,
        ``n_patients``; its rows at "baseline" and at the follow-up visit are drawn beside.
    patients : pandas.DataFrame, optional
        The ``patients`` of ``paired_scores``: ``instrument``, ``baseline``, ``follow_up``; one dot per patient beside
        each mean, of many patients some, spread evenly over the scores.
    instruments : iterable of Instrument
        Instruments that the registry does not know; bands and direction come from there or from here.
    ax : Axes or sequence of Axes, optional
        One per instrument; returned instead of a new Figure.
    theme, width, stamp
        As in :func:`plot_participant_flow`.

    Returns
    -------
    matplotlib.figure.Figure, matplotlib.axes.Axes or sequence of Axes

    Raises
    ------
    FigureError
        If a column is missing, there are no rows, or the number of Axes is not the number of instruments. Means that
        were all withheld give a figure that says so.
    """
    means = checked_frame(means, _MEANS, name="means", caller=_FIGURE)
    if means["mean"].isna().all():
        return draw_statement(why_nothing(_NOTHING, means), ax=ax, theme=theme, width=width, stamp=stamp)
    change = given_frame(change, _CHANGE, name="change", caller=_FIGURE)
    modelled = given_frame(modelled, _MODELLED, name="modelled", caller=_FIGURE)
    patients = given_frame(patients, (INSTRUMENT, BASELINE, FOLLOW_UP), name="patients", caller=_FIGURE)
    means = of_enough(means)
    change, modelled = (None if one is None else of_enough(one) for one in (change, modelled))
    names = [str(name) for name in levels_of(means[INSTRUMENT])]
    own = tuple(instruments)
    rows, columns = panel_grid(width, len(names), _PANELS_IN_A_ROW)
    grid: Any = {"rows": rows, "columns": columns, "panels": len(names)}
    with open_page(ax, theme=theme, width=width, height=78 * rows, stamp=stamp, **grid) as page:
        if len(names) > 1:
            page.describe(f"Mean scores before and after on {join_words(names)}.")
        for panel, name in zip(page.axes, names, strict=True):
            scale = scale_of(name, own)
            here = means[means[INSTRUMENT] == name]
            visit = _follow_up_visit(here)
            beside = None if modelled is None else _at_visit(modelled, name, [BASELINE, visit])
            changed = None if change is None else _at_visit(change, name, [visit])
            lines = None if patients is None else patients[patients[INSTRUMENT] == name]
            _draw_panel(page, panel, scale, here, beside, visit, lines, 0.6 if is_narrow(width) else 0.35)
            _head(panel, scale, changed)
            page.describe(_alternative(scale, here, changed, visit))
        if patients is not None:
            page.note(said_of_dots(patients))
        page.note_withheld(means, change, modelled)
        page.notes += said_of_few(means, modelled)
        if modelled is not None:
            page.note(
                "Filled circles: patients seen at both times. Open diamonds: model means of all analysed patients."
            )
    return page.result


def _follow_up_visit(here: pd.DataFrame) -> str:
    visits = here.loc[here[_TIME] == "follow-up", VISIT].dropna()
    return str(visits.iloc[0]) if len(visits) else ""


def _at_visit(frame: pd.DataFrame, instrument: str, visits: list[str]) -> pd.DataFrame:
    return frame[(frame[INSTRUMENT] == instrument) & frame[VISIT].astype(str).isin(visits)]


def _draw_panel(
    page: Page,
    ax: Axes,
    scale: Scale,
    here: pd.DataFrame,
    beside: pd.DataFrame | None,
    visit: str,
    patients: pd.DataFrame | None,
    aside: float,
) -> None:
    """One instrument; the dots of patients lie ``aside`` of the means, beyond what is written there."""
    theme = page.theme
    x = here[_TIME].map(_AT).to_numpy(dtype=float)
    mean, low, high = (numbers_of(here, column) for column in ("mean", CI_LOW, CI_HIGH))
    drawn = [mean, low, high]
    ax.errorbar(
        x,
        mean,
        yerr=[mean - low, high - mean],
        color=theme.accent,
        marker="o",
        linestyle="-" if is_enough(here).all() else "none",
        capsize=2.5,
        gid="paired",
    )
    for time, value in zip(x, mean, strict=True):
        _value(
            ax, float(time), float(value), theme.accent, down=0.0 if time == 0 else (-7.0 if value < mean[0] else 7.0)
        )
    if beside is not None and not beside.empty:
        at = beside[VISIT].astype(str).map({BASELINE: 0.0 + _MODEL_BESIDE, visit: 1.0 + _MODEL_BESIDE}).to_numpy(float)
        estimate, model_low, model_high = (numbers_of(beside, column) for column in (ESTIMATE, CI_LOW, CI_HIGH))
        ax.errorbar(
            at,
            estimate,
            yerr=[estimate - model_low, model_high - estimate],
            color=theme.muted,
            marker="D",
            markerfacecolor=theme.background,
            linestyle="none",
            capsize=2.5,
            gid="modelled",
        )
        drawn += [estimate, model_low, model_high]
    if patients is not None:
        drawn += draw_patient_dots(ax, patients, theme, aside)
    values = pd.Series([value for column in drawn for value in column]).dropna()
    ax.set_ylim(*view_of_scores(scale, values.min(), values.max()))
    beyond = 0.42 if patients is None else 0.27 + aside
    ax.set_xlim(-beyond, 1 + beyond)
    counts = here.set_index(_TIME)[N_PATIENTS]
    times = zip(_AT, ("Baseline", f"Follow-up, {visit}" if visit else "Follow-up"), strict=True)
    labels = [f"{name}\nn = {count(counts.get(time, 0))}" for time, name in times]
    ax.set_xticks(list(_AT.values()), labels)
    ax.tick_params(axis="x", length=0)
    whole_number_axis(ax)
    ax.set_ylabel(scale.axis_label)
    draw_bands(ax, scale, theme)


def _value(ax: Axes, x: float, y: float, colour: str, *, down: float) -> None:
    ax.annotate(
        number(y),
        xy=(x, y),
        xytext=(-7, down),
        textcoords="offset points",
        ha="right",
        va="center",
        fontsize=SMALL_PT,
        color=colour,
        fontweight="bold",
        gid="mean value",
    )


def _head(ax: Axes, scale: Scale, changed: pd.DataFrame | None) -> None:
    title = scale.name
    if changed is not None and not changed.empty:
        row = changed.iloc[0]
        title += f"\nObserved change {number(row['mean_change'])}"
        title += "" if pd.isna(row[CI_LOW]) else f" (95% interval {interval(row[CI_LOW], row[CI_HIGH])})"
    ax.set_title(title, fontsize=SMALL_PT)


def _alternative(scale: Scale, here: pd.DataFrame, changed: pd.DataFrame | None, visit: str) -> str:
    at = {row[_TIME]: with_interval(row["mean"], row[CI_LOW], row[CI_HIGH]) for _, row in here.iterrows()}
    n = here[N_PATIENTS].max()
    text = (
        f"{scale.name}: mean score of {plural(n, 'patient')} seen at both times, {at.get(BASELINE, 'not known')} at "
        f"baseline and {at.get('follow-up', 'not known')} at follow-up{f' ({visit})' if visit else ''}"
    )
    if changed is not None and not changed.empty:
        row = changed.iloc[0]
        text += f"; mean change {with_interval(row['mean_change'], row[CI_LOW], row[CI_HIGH])}"
    return f"{text}. {_bands_sentence(scale)}"


def _bands_sentence(scale: Scale) -> str:
    if not scale.bands:
        return ""
    return "Severity bands behind: " + ", ".join(f"{b.label} {b.low:g} to {b.high:g}" for b in scale.bands) + "."
