"""Figure 13: does the model describe the data? Residuals, random effects, correlation by lag, influence."""

import textwrap
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kap_analysis.columns import ESTIMATE, FORMAT, STD_ERROR
from kap_analysis.figures.marks.density import MOST_POINTS
from kap_analysis.figures.marks.marks import format_handles
from kap_analysis.figures.marks.quantile_plot import draw_quantiles, quantiles
from kap_analysis.figures.model_check.influence_panel import draw_influence, influence_sentence, name_largest
from kap_analysis.figures.model_check.residual_panels import draw_lags, draw_residuals, lag_sentence
from kap_analysis.figures.page.frames import checked_frame, formats_in, given_frame, numbers_of
from kap_analysis.figures.page.page import AxesGiven, Drawn, Page, open_page
from kap_analysis.figures.page.scales import scale_of
from kap_analysis.figures.page.statement import draw_statement, why_nothing
from kap_analysis.figures.page.style import Width, panel_grid
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.result_frames import levels_of
from kap_analysis.writing.names import readable_term
from kap_analysis.writing.numbers import count, plural
from kap_analysis.writing.sentences import sentence_case

_FIGURE: Final = "plot_diagnostics"
_RESIDUALS: Final = ("fitted", "standardised", "normalised", FORMAT)
_EFFECTS: Final = ("grouping", "term", "level", ESTIMATE)
_LAGS: Final = ("lag", "correlation", "n_pairs")
_INFLUENCE: Final = ("unit", "label", "distance", "change")
_NOTHING: Final = "There are no residuals to draw: the model was not fitted."
_MOST_TERMS: Final = 4
_TITLE_CHARACTERS: Final = 27
_FEWEST_LEVELS: Final = 3
_PANEL_MM: Final = 58.0

Panel = Callable[[Page, Axes], None]


def plot_diagnostics(
    *,
    residuals: pd.DataFrame,
    random_effects: pd.DataFrame | None = None,
    lag_correlation: pd.DataFrame | None = None,
    influence: pd.DataFrame | None = None,
    instrument: Instrument | str | None = None,
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """Diagnostic plots of a model; one panel for each frame, and one for each random term and unit.

    Parameters
    ----------
    residuals : pandas.DataFrame
        One row per observation: ``fitted`` (score), ``standardised`` (residual divided by its standard deviation),
        ``normalised`` (residuals made independent, which are standard normal if the model holds), ``format`` ("all":
        not told apart). Of more
        than 5,000 the density is drawn. Rows with a missing value are left out.
    random_effects : pandas.DataFrame, optional
        One row per predicted effect: ``grouping``, ``term``, ``level``, ``estimate``; four terms at most are drawn.
    lag_correlation : pandas.DataFrame, optional
        ``lag`` (visits between two normalised residuals of a patient), ``correlation``, ``n_pairs``.
    influence : pandas.DataFrame, optional
        One row per patient or cohort left out: ``unit`` ("patient", "cohort"), ``label`` (missing: not named),
        ``distance`` (Cook's, of the fixed part), ``change`` (of the format contrast, in points).
    instrument : Instrument or str, optional
        For the axis of fitted scores.
    ax : Axes or sequence of Axes, optional
        One per panel; returned instead of a new Figure.
    theme, width, stamp
        As in :func:`plot_participant_flow`.

    Returns
    -------
    matplotlib.figure.Figure, matplotlib.axes.Axes or sequence of Axes

    Raises
    ------
    FigureError
        If a column is missing or a format is unknown. A frame of residuals without rows gives a figure that says so.
    """
    residuals = checked_frame(residuals, _RESIDUALS, name="residuals", caller=_FIGURE, may_be_empty=True)
    effects = given_frame(random_effects, _EFFECTS, name="random_effects", caller=_FIGURE)
    lags = given_frame(lag_correlation, _LAGS, name="lag_correlation", caller=_FIGURE)
    influence = given_frame(influence, _INFLUENCE, name="influence", caller=_FIGURE)
    whole = residuals.dropna(subset=list(_RESIDUALS))
    if whole.empty:
        return draw_statement(why_nothing(_NOTHING, residuals), ax=ax, theme=theme, width=width, stamp=stamp)
    formats = formats_in(whole, caller=_FIGURE, at_least=0)
    shown, said = _with_spread(effects)
    known, lost = _with_changes(influence)
    panels = _panels(whole, formats, shown, lags, known, scale_of(instrument).name)
    rows, columns = panel_grid(width, len(panels), 3)
    grid: Any = {"rows": rows, "columns": columns, "panels": len(panels)}
    with open_page(ax, theme=theme, width=width, height=_PANEL_MM * rows, stamp=stamp, **grid) as page:
        for panel, draw in zip(page.axes, panels, strict=True):
            draw(page, panel)
        if len(whole) <= MOST_POINTS and formats:
            page.key(format_handles(formats, page.theme, lines=False), handletextpad=0.2)
        _say(page, residuals, whole, shown)
        page.notes += [*said, *lost]
        page.note_withheld(residuals, effects, lags, influence)
    return page.result


def _panels(
    whole: pd.DataFrame,
    formats: list[str],
    effects: pd.DataFrame | None,
    lags: pd.DataFrame | None,
    influence: pd.DataFrame | None,
    scale_name: str,
) -> list[Panel]:
    """What is drawn, in reading order: each takes the page and its Axes."""
    panels: list[Panel] = [
        lambda page, ax: _residuals(page, ax, whole, formats, scale_name),
        lambda page, ax: _normalised(page, ax, whole),
    ]
    for grouping, term in _terms(effects)[:_MOST_TERMS]:
        assert effects is not None
        here = effects[(effects["grouping"] == grouping) & (effects["term"] == term)]
        panels.append(lambda page, ax, here=here, name=(grouping, term): _effects(page, ax, here, *name))  # type: ignore[misc]
    if lags is not None:
        panels.append(lambda page, ax: _lags(page, ax, lags))
    for unit in [] if influence is None else levels_of(influence["unit"]):
        assert influence is not None
        left_out = influence[influence["unit"] == unit]
        panels.append(lambda page, ax, left_out=left_out, unit=unit: _influence(page, ax, left_out, str(unit)))  # type: ignore[misc]
    return panels


def _with_spread(effects: pd.DataFrame | None) -> tuple[pd.DataFrame | None, list[str]]:
    """The random terms that can be ordered, and a sentence on each of the others, which have no panel."""
    if effects is None:
        return None, []
    kept, said = [], []
    for grouping, term in _terms(effects):
        here = effects[(effects["grouping"] == grouping) & (effects["term"] == term)]
        values = numbers_of(here, ESTIMATE)
        values = values[np.isfinite(values)]
        if len(values) >= _FEWEST_LEVELS and float(np.ptp(values)) > 0:
            kept.append(here)
            continue
        why = "all are the same" if len(values) >= _FEWEST_LEVELS else "they are too few to be ordered"
        name = f"{sentence_case(readable_term(grouping))} effects ({readable_term(term)})"
        said.append(f"{name}: {plural(len(values), 'effect')}, not drawn, for {why}.")
    return pd.concat(kept) if kept else None, said


def _with_changes(influence: pd.DataFrame | None) -> tuple[pd.DataFrame | None, list[str]]:
    """The units with known changes of the contrast, and a sentence on each of the others, which have no panel."""
    if influence is None:
        return None, []
    known = np.isfinite(numbers_of(influence, "change")) & np.isfinite(numbers_of(influence, "distance"))
    units = levels_of(influence["unit"])
    kept = [unit for unit in units if known[(influence["unit"] == unit).to_numpy()].any()]
    why = "withheld" if "withheld" in influence else "not computed"
    said = [f"Influence of each {unit}: {why}." for unit in units if unit not in kept]
    return influence[influence["unit"].isin(kept)] if kept else None, said


def _terms(effects: pd.DataFrame | None) -> list[tuple[str, str]]:
    if effects is None:
        return []
    pairs = effects[["grouping", "term"]].drop_duplicates()
    return [(str(grouping), str(term)) for grouping, term in pairs.itertuples(index=False)]


def _residuals(page: Page, ax: Axes, whole: pd.DataFrame, formats: list[str], scale_name: str) -> None:
    n_far = int((whole["standardised"].abs() > 2).sum())
    is_dense = draw_residuals(ax, whole, formats, page.theme)
    ax.set_xlabel(f"Fitted {scale_name} score" if scale_name != "Total" else "Fitted score")
    if is_dense:
        page.note(f"Density of {count(len(whole))} residuals in place of points: the stronger, the more.")
    page.describe(
        f"Standardised residuals against fitted scores, {plural(len(whole), 'observation')}: {count(n_far)} beyond 2."
    )


def _normalised(page: Page, ax: Axes, whole: pd.DataFrame) -> None:
    found = quantiles(numbers_of(whole, "normalised"))
    if draw_quantiles(ax, found, page.theme):
        page.note("Quantiles: all at both ends are drawn, some between.")
    ax.set_title("Normalised residuals")
    ax.set_xlabel(f"Normal quantile (n = {count(len(found.value))})")
    ax.set_ylabel("Normalised residual (SD)")
    page.describe(f"Quantiles of normalised residuals: {_outside(found.n_outside, len(found.value))}.")


def _effects(page: Page, ax: Axes, here: pd.DataFrame, grouping: str, term: str) -> None:
    values = numbers_of(here, ESTIMATE)
    values = values[np.isfinite(values)]
    who = readable_term(grouping)
    name = readable_term(term)
    ax.set_title(textwrap.fill(f"{sentence_case(who)} effects: {name}", _TITLE_CHARACTERS))
    ax.set_xlabel(f"Normal quantile (n = {count(len(values))})")
    ax.set_ylabel("Predicted effect, points")
    centre, spread = float(values.mean()), float(np.std(values, ddof=1))
    found = quantiles(values, centre=centre, spread=spread)
    draw_quantiles(ax, found, page.theme, centre=centre, spread=spread, colour=page.theme.accent)
    if STD_ERROR in here.columns and len(values) <= 40:
        _draw_errors(ax, here, page)
    page.describe(f"Quantiles of the random effects of {who} ({name}): {_outside(found.n_outside, len(values))}.")


def _draw_errors(ax: Axes, here: pd.DataFrame, page: Page) -> None:
    ordered = here.dropna(subset=[ESTIMATE]).sort_values(ESTIMATE, kind="stable")
    value, error = numbers_of(ordered, ESTIMATE), numbers_of(ordered, STD_ERROR)
    at = quantiles(value).normal
    ax.vlines(at, value - error, value + error, color=page.theme.accent, linewidth=0.6, alpha=0.7, gid="std_error")


def _outside(n: int, of: int) -> str:
    return f"{count(n)} of {count(of)} outside the pointwise 95% band"


def _lags(page: Page, ax: Axes, lags: pd.DataFrame) -> None:
    draw_lags(ax, lags, page.theme)
    page.describe(lag_sentence(lags))


def _influence(page: Page, ax: Axes, left_out: pd.DataFrame, unit: str) -> None:
    if draw_influence(ax, left_out, page.theme, unit=unit):
        page.note(f"Density of {count(len(left_out))} {unit}s in place of points.")
    page.when_laid_out(lambda: name_largest(ax, left_out, page.theme))
    page.describe(influence_sentence(left_out, unit))


def _say(page: Page, residuals: pd.DataFrame, whole: pd.DataFrame, effects: pd.DataFrame | None) -> None:
    page.note("Grey bands are pointwise 95%: where the model holds, one point in twenty lies outside.")
    if effects is not None:
        page.note("Random effects are predictions, shrunken towards 0; bars are one standard error.")
    n_terms = len(_terms(effects))
    if n_terms > _MOST_TERMS:
        page.note(f"{_MOST_TERMS} of {n_terms} random terms are drawn.")
    if len(whole) < len(residuals):
        page.note(f"{count(len(residuals) - len(whole))} of {count(len(residuals))} residuals are missing.")
