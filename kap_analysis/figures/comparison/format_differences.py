"""Figure 5: group minus individual, per instrument and visit, with the margin if one was stated."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, ESTIMATE, INSTRUMENT, N_PATIENTS, VISIT
from kap_analysis.figures.comparison.difference_rows import STANDARDISED, InstrumentDifferences
from kap_analysis.figures.marks.forest import Margin, draw_forest, forest_height, margin_marks, sides
from kap_analysis.figures.marks.forest_fit import fitted_rows
from kap_analysis.figures.page.frames import check_positive, checked_frame, given_frame
from kap_analysis.figures.page.page import AxesGiven, Drawn, Page, open_page
from kap_analysis.figures.page.scales import Scale, scale_of
from kap_analysis.figures.page.statement import draw_statement
from kap_analysis.figures.page.style import Width, width_in_mm
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.result_frames import levels_of
from kap_analysis.writing.numbers import number
from kap_analysis.writing.sentences import join_words
from kap_analysis.writing.small_numbers import of_enough, said_of_few

_FIGURE = "plot_format_differences"
_CONTRASTS = (VISIT, "contrast", ESTIMATE, CI_LOW, CI_HIGH, N_PATIENTS, "is_primary")
_SECONDARY = (INSTRUMENT, VISIT, ESTIMATE, CI_LOW, CI_HIGH, N_PATIENTS)
_HEADERS: Final = ("Points (95% interval)", "n scored", "p")
_NOTHING = "There is no difference between formats to draw: the comparison has no rows, as with one format only."
_HOLM: Final = "p of the other instruments: adjusted for their number (Holm)."


def plot_format_differences(
    *,
    contrasts: pd.DataFrame,
    secondary: pd.DataFrame | None = None,
    margin: float | None = None,
    margin_source: str = "",
    instrument: Instrument | str | None = None,
    instruments: Iterable[Instrument] = (),
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """How far apart the formats are at each visit, adjusted, with 95% intervals, on one axis for all instruments.

    One instrument is drawn in its points. Several are drawn in standard deviations of their baseline scores, which
    can be compared, and their points are written beside them.

    Parameters
    ----------
    contrasts : pandas.DataFrame
        The ``contrasts`` of ``compare_formats``: ``visit``, ``contrast`` ("group - individual", "mixed -
        individual", ...), ``estimate``, ``ci_low``, ``ci_high`` in points of the instrument, ``n_patients``,
        ``is_primary`` (drawn strong), optionally ``p_value``; beside ``secondary`` also ``standardised``,
        ``standardised_low``, ``standardised_high`` (in SDs of the baseline score).
    secondary : pandas.DataFrame, optional
        The ``secondary`` of ``compare_formats``: ``instrument``, ``visit``, the columns of ``contrasts`` in points and
        in SDs, ``n_patients``, optionally ``contrast``, ``p_holm`` and ``note`` (why it could not be compared).
    margin : float, optional
        Non-inferiority margin of the primary instrument in points, drawn beside its rows, on the side where group is
        worse. There is no default.
    margin_source : str
        Where the margin comes from, written under the rows.
    instrument : Instrument or str, optional
        Of ``contrasts``, unless that frame has the column ``instrument``.
    instruments : iterable of Instrument
        Instruments that the registry does not know.
    ax : Axes, optional
        Returned instead of a new Figure.
    theme, width, stamp
        As in :func:`plot_participant_flow`.

    Returns
    -------
    matplotlib.figure.Figure or matplotlib.axes.Axes

    Raises
    ------
    FigureError
        If a column is missing, or the margin is not positive. Frames without rows (as with one format only) give a
        figure that says so.
    """
    contrasts = checked_frame(contrasts, _CONTRASTS, name="contrasts", caller=_FIGURE, may_be_empty=True)
    secondary = given_frame(secondary, _SECONDARY, name="secondary", caller=_FIGURE)
    check_positive(margin, "A margin is a positive number of points")
    if contrasts.empty and secondary is None:
        return draw_statement(_NOTHING, ax=ax, theme=theme, width=width, stamp=stamp)
    in_sds = secondary is not None and bool(secondary[ESTIMATE].notna().any())
    told = [_with_enough(frame, in_sds, name) for frame, name in ((contrasts, "contrasts"), (secondary, "secondary"))]
    blocks = _blocks(told[0], told[1], instrument, tuple(instruments))
    found = [row for block in blocks for row in block.rows(in_sds=in_sds)]
    rows, headers = fitted_rows(found, _HEADERS, width_in_mm(width))
    marks = [] if contrasts.empty else _margins(blocks[0], margin, in_sds)
    with open_page(ax, theme=theme, width=width, height=forest_height(rows) + 22, stamp=stamp) as page:
        label = _axis_label(blocks, in_sds)
        page.notes += draw_forest(page.axes[0], rows, page.theme, headers=headers, label=label, margins=marks)
        _say(page, blocks, in_sds=in_sds, in_columns=bool(headers))
        if margin is not None and not contrasts.empty:
            page.describe(f"The stated margin is {number(margin)} points.")
            if margin_source:
                page.note(f"Margin of {number(margin)} points: {margin_source}.")
        page.note_withheld(contrasts, secondary)
        page.notes += said_of_few(contrasts, secondary)
    return page.result


def _with_enough(frame: pd.DataFrame | None, in_sds: bool, name: str) -> pd.DataFrame | None:
    """The frame without intervals of too few patients, in points and, where they are drawn, in SDs."""
    if frame is None or frame.empty:
        return None
    if in_sds:
        frame = of_enough(checked_frame(frame, STANDARDISED, name=name, caller=_FIGURE), STANDARDISED[1:])
    return of_enough(frame)


def _blocks(
    contrasts: pd.DataFrame | None,
    secondary: pd.DataFrame | None,
    instrument: Instrument | str | None,
    own: tuple[Instrument, ...],
) -> list[InstrumentDifferences]:
    """The instruments in the order of drawing; those of the other direction than the first are turned to its side."""
    blocks = []
    if contrasts is not None:
        blocks.append(InstrumentDifferences(_scale_of_contrasts(contrasts, instrument, own), contrasts))
    if secondary is not None:
        for name in levels_of(secondary[INSTRUMENT]):
            here = secondary[secondary[INSTRUMENT] == name]
            blocks.append(InstrumentDifferences(scale_of(str(name), own), here))
    first = blocks[0].scale
    return [replace(block, is_turned=_is_opposite(block.scale, first)) for block in blocks]


def _is_opposite(scale: Scale, first: Scale) -> bool:
    known = scale.direction_known and first.direction_known
    return known and scale.higher_is_better != first.higher_is_better


def _scale_of_contrasts(
    contrasts: pd.DataFrame, instrument: Instrument | str | None, own: tuple[Instrument, ...]
) -> Scale:
    if instrument is None and INSTRUMENT in contrasts.columns:
        return scale_of(str(contrasts[INSTRUMENT].iloc[0]), own)
    return scale_of(instrument, own)


def _margins(primary: InstrumentDifferences, margin: float | None, in_sds: bool) -> list[Margin]:
    """The margin, in the unit of the axis and beside the rows of the primary instrument only."""
    by = primary.sd if in_sds else 1.0
    beside = len(primary.rows(in_sds=in_sds)) if in_sds else None
    return [replace(one, at=one.at / by, rows=beside) for one in margin_marks(primary.scale, margin) if by > 0]


def _axis_label(blocks: list[InstrumentDifferences], in_sds: bool) -> str:
    scale, several = blocks[0].scale, any(block.several_contrasts for block in blocks)
    unit = "SDs of the baseline score" if in_sds else f"{scale.name} points"
    quantity = f"{'Difference between formats' if several else 'Group minus individual'}, {unit}"
    if not scale.direction_known:
        return quantity
    ends = ("first format better", "second better") if several else ("group better", "individual better")
    return sides(*scale.from_low_to_high(*ends), quantity)


def _say(page: Page, blocks: list[InstrumentDifferences], *, in_sds: bool, in_columns: bool) -> None:
    """What the axis is, which rows were turned, and why some instruments are not compared; the numbers in words."""
    if in_sds and any("p_holm" in block.frame.columns for block in blocks):
        page.note(_HOLM)
    if in_columns and any(block.has_untested for block in blocks):
        page.note("A dash in place of p: estimated and not tested.")
    turned = [block.scale.name for block in blocks if block.is_turned]
    if turned:
        other = "lower is better" if blocks[0].scale.higher_is_better else "higher is better"
        page.note(f"{join_words(turned)}: {other}, so that the mark lies on the other side of 0 than the points.")
    unknown = [block.scale.name for block in blocks if not block.scale.direction_known and block.has_number]
    if unknown and blocks[0].scale.direction_known:
        page.note(f"{join_words(unknown)}: it is not known which side is better.")
    if in_sds:
        page.describe(f"Forest of {join_words([block.scale.name for block in blocks])}, in SDs of the baseline score.")
    for block in blocks:
        for reason in block.reasons():
            page.note(f"{block.scale.name} is not compared. {reason}")
        page.describe(block.sentence())
