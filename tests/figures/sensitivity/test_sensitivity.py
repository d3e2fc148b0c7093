"""Sensitivity analyses: long labels leave room, and withheld is told apart from not estimated."""

import numpy as np
import pandas as pd

from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.page.text_size import text_width
from kap_analysis.figures.sensitivity.sensitivity import plot_sensitivity
from tests.figures.drawn import cells, having, texts

LONG = "An analysis whose label is far longer than anybody would wish for in a forest plot that stands on one page"


def sensitivity(n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"group": ["Primary"] + ["Missing data"] * (n - 1), "label": ["Primary"]
         + [f"{LONG}, {k}" for k in range(1, n)],
         "estimate": np.linspace(-1, 1, n), "ci_low": np.linspace(-3, -1, n), "ci_high": np.linspace(1, 3, n),
         "n_patients": 200, "assumes": "missing at random", "is_primary": [True] + [False] * (n - 1)}
    )  # fmt: skip


def test_twenty_five_long_labels_leave_room_for_the_marks():
    figure = plot_sensitivity(estimates=sensitivity(25), instrument="BDI-II")
    assert len(having(figure, "estimate")) == 25
    widest = max(text_width(t.get_text()) for t in having(figure, "row label"))
    assert widest < 0.5 * figure.get_figwidth() * 72
    figure.draw_without_rendering()
    assert figure.axes[0].get_position().width > 0.25


def test_rows_are_far_enough_apart_for_all_their_lines():
    figure = plot_sensitivity(estimates=sensitivity(12), instrument="BDI-II", width="single")
    figure.draw_without_rendering()
    labels = having(figure, "row label") + having(figure, "row label, second line")
    tops = sorted(t.get_window_extent().y0 for t in labels)
    assert np.diff(tops).min() > 0.9 * 7 / 72 * figure.dpi
    assert min(t.get_window_extent().x0 for t in labels) >= 0


def test_not_estimated_and_withheld_are_told_apart():
    frame = sensitivity(3).assign(withheld=[False, True, False])
    frame.loc[1:, ["estimate", "ci_low", "ci_high"]] = np.nan
    written = cells(plot_sensitivity(estimates=frame, instrument="BDI-II"))
    assert written.count("not estimated") == 1
    assert written.count("–") == 1


def test_integers_and_missing_values_of_pandas_are_read():
    frame = sensitivity(3)
    frame["n_patients"] = pd.array([200, pd.NA, 90], dtype="Int64")
    frame["ci_low"] = pd.array([-3.0, pd.NA, -1.0], dtype="Float64")
    written = cells(plot_sensitivity(estimates=frame))
    assert "0.0 (–)" in written
    assert "–" in written


def test_no_analysis_is_a_quiet_statement():
    figure = plot_sensitivity(estimates=sensitivity(3).iloc[:0])
    assert texts(figure).startswith("There is no sensitivity analysis to draw")
    assert alt_text(figure).startswith("There is no sensitivity analysis to draw")


def beside(column: str, label: str, estimate: float) -> pd.DataFrame:
    row = {column: label, "estimate": estimate, "ci_low": estimate - 2, "ci_high": estimate + 2}
    return pd.DataFrame([{**row, "n_patients": 234, "assumes": "so"}])


def test_weighted_and_imputed_stand_below_the_primary_and_what_is_wrong_stands_last():
    frame = sensitivity(4)
    frame["group"] = ["primary", "known to be biased", "model", "data"]
    more = {"weighted": beside("method", "overlap weights", 0.6), "imputed": beside("assumption", "jump", 5.4)}
    figure = plot_sensitivity(estimates=frame, instrument="BDI-II", **more)
    marks = having(figure, "estimate")
    at = [round(float(np.atleast_1d(mark.get_xdata())[0]), 2) for mark in marks]
    assert at == [-1.0, 0.6, 5.4, 0.33, 1.0, -0.33]
    assert [mark.get_marker() for mark in marks] == ["D", *["s"] * 4, "x"]
    assert "shortcuts known to be wrong" in texts(figure)
    assert "4 other analyses from 0.3" in alt_text(figure)
    assert "to 5.4 (Jump)" in alt_text(figure)


def test_rows_that_would_be_higher_than_a_page_leave_what_they_assume_to_the_tables():
    short, long = (plot_sensitivity(estimates=sensitivity(n), instrument="BDI-II") for n in (6, 30))
    assert "missing at random" in texts(short)
    assert "missing at random" not in texts(long)
    assert "What each analysis assumes stands in the tables." in texts(long)
