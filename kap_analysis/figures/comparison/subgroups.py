"""Figure 3: improvement by subgroup."""

import numpy as np
import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, ESTIMATE, N_PATIENTS, P_VALUE
from kap_analysis.errors import FigureError
from kap_analysis.figures.marks.forest import ForestRow, difference_label, draw_forest, forest_height, value_of
from kap_analysis.figures.marks.forest_fit import fitted_rows
from kap_analysis.figures.page.frames import checked_frame, given_frame
from kap_analysis.figures.page.page import AxesGiven, Drawn, open_page
from kap_analysis.figures.page.statement import draw_statement
from kap_analysis.figures.page.style import Width, width_in_mm
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.result_frames import levels_of
from kap_analysis.writing.names import readable
from kap_analysis.writing.numbers import count, p_statement, with_interval
from kap_analysis.writing.sentences import sentence_case
from kap_analysis.writing.small_numbers import of_enough, said_of_few

_FIGURE = "plot_subgroups"
_COLUMNS = ("moderator", ESTIMATE, CI_LOW, CI_HIGH, N_PATIENTS)
_MOST_ROWS = 60
_NOTHING = "There is no subgroup to draw: no moderator had enough patients, or none was asked for."


def plot_subgroups(
    *,
    differences: pd.DataFrame,
    interactions: pd.DataFrame | None = None,
    quantity: str | None = None,
    zero: float | None = 0.0,
    instrument: Instrument | str | None = None,
    ax: AxesGiven = None,
    theme: str = "light",
    width: Width = "double",
    stamp: str | None = None,
) -> Drawn:
    """A forest of estimates by subgroup, with the test of interaction beside the name of each moderator.

    Parameters
    ----------
    differences : pandas.DataFrame
        The ``differences`` of ``moderate``: ``moderator``, ``level`` or ``value`` (text or number; ``level`` is used
        if it is there), ``estimate``, ``ci_low``, ``ci_high``, ``n_patients``, optionally ``format`` (written after
        the level, for change by format) and ``exploratory`` (True is said beside the moderator).
    interactions : pandas.DataFrame, optional
        The ``interactions`` of ``moderate``: ``moderator``, ``p_value``, optionally ``p_holm``, which
        is then shown; a missing one (exploratory) is not.
    quantity : str, optional
        What is estimated, with its unit: the label of the axis. Without it, group minus individual in points, and
        what each side means where the instrument is known.
    zero : float, optional
        Where "no difference" or "no change" is.
    instrument : Instrument or str, optional
        For the unit and the direction of the axis.
    ax, theme, width, stamp
        As in :func:`plot_participant_flow`.

    Returns
    -------
    matplotlib.figure.Figure or matplotlib.axes.Axes

    Raises
    ------
    FigureError
        If a column is missing, or there are more than 60 rows. A frame without rows gives a figure that says so.
    """
    differences = checked_frame(differences, _COLUMNS, name="differences", caller=_FIGURE, may_be_empty=True)
    interactions = given_frame(interactions, ("moderator", P_VALUE), name="interactions", caller=_FIGURE)
    if "level" not in differences.columns and "value" not in differences.columns:
        raise FigureError(f"{_FIGURE} needs the column level or value in differences=.")
    if differences.empty:
        return draw_statement(_NOTHING, ax=ax, theme=theme, width=width, stamp=stamp)
    if len(differences) > _MOST_ROWS:
        raise FigureError(
            f"{_FIGURE} draws {_MOST_ROWS} rows at most, found {len(differences)}; choose the moderators."
        )
    differences = of_enough(differences)
    column = P_VALUE if interactions is None or "p_holm" not in interactions.columns else "p_holm"
    tests = {} if interactions is None else dict(zip(interactions["moderator"], interactions[column], strict=True))
    is_tested = any(tested(moderator, tests) for moderator in tests)
    headers = ["Estimate (95% interval)", "n", *([f"Interaction{' (Holm)' if column == 'p_holm' else ''}"] * is_tested)]
    rows, headers_drawn = fitted_rows(_rows(differences, tests), headers, width_in_mm(width))
    label = difference_label(instrument) if quantity is None else quantity
    with open_page(ax, theme=theme, width=width, height=forest_height(rows) + 21, stamp=stamp) as page:
        page.notes += draw_forest(page.axes[0], rows, page.theme, headers=headers_drawn, label=label, zero=zero)
        if "exploratory" in differences.columns and differences["moderator"].duplicated().any():
            page.note("Intervals at the values of a moderator are widened by Bonferroni's method for their number.")
        if "exploratory" in differences.columns and differences["exploratory"].fillna(False).astype(bool).any():
            page.note("Exploratory moderators were not planned; nothing is adjusted for how many there are.")
        page.note_withheld(differences, interactions)
        page.notes += said_of_few(differences)
        page.describe(_alternative(differences, tests, " ".join(label.replace("\n", "; ").split()), column))
    return page.result


def _rows(differences: pd.DataFrame, tests: dict[str, float]) -> list[ForestRow]:
    rows = []
    for moderator in levels_of(differences["moderator"]):
        here = differences[differences["moderator"] == moderator]
        exploring = "exploratory" in here.columns and bool(here["exploratory"].fillna(False).astype(bool).any())
        name = sentence_case(readable(moderator)) + (" (exploratory)" if exploring else "")
        test = ("", "", p_statement(tests[moderator])) if tested(moderator, tests) else ()
        rows.append(ForestRow(name, columns=test, is_heading=True))
        for _, row in here.iterrows():
            estimate, low, high = (value_of(row[column]) for column in (ESTIMATE, CI_LOW, CI_HIGH))
            cells = (with_interval(estimate, low, high), count(row[N_PATIENTS]))
            rows.append(ForestRow(level_name(row), estimate, low, high, columns=cells, indent=True))
    return rows


def tested(moderator: str, tests: dict[str, float]) -> bool:
    """Whether the interaction of a moderator was tested: exploratory ones are not."""
    return moderator in tests and not pd.isna(tests[moderator])


def level_name(row: pd.Series) -> str:
    """The name of a subgroup: its level or value, and the format if there is one."""
    level = row["level"] if "level" in row.index and not pd.isna(row["level"]) else row.get("value", "")
    text = f"{level:g}" if isinstance(level, float | np.floating) else str(level)
    return f"{text}, {row['format']}" if "format" in row.index and not pd.isna(row["format"]) else text


def _alternative(differences: pd.DataFrame, tests: dict[str, float], quantity: str, column: str) -> str:
    by = " by Holm's method" if column == "p_holm" else ""
    sentences = [f"Forest plot by subgroup. {quantity}."]
    for moderator in levels_of(differences["moderator"]):
        here = differences[differences["moderator"] == moderator]
        parts = [
            f"{level_name(row)} {with_interval(row[ESTIMATE], row[CI_LOW], row[CI_HIGH])}" for _, row in here.iterrows()
        ]
        test = f" (interaction {p_statement(tests[moderator])}{by})" if tested(moderator, tests) else ""
        sentences.append(f"{sentence_case(readable(moderator))}{test}: {'; '.join(parts)}.")
    return " ".join(sentences)
