"""Differences between the formats: estimates, margins, panels by instrument, withheld and missing rows."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import kap_analysis as kap
from kap_analysis.errors import FigureError
from kap_analysis.figures.comparison.difference_rows import STANDARDISED
from kap_analysis.figures.comparison.format_differences import plot_format_differences
from kap_analysis.figures.page.alternative_text import alt_text
from tests.figures.drawn import cells, drawn_values, having, texts

CONTRASTS = pd.DataFrame(
    {"visit": ["month 1", "month 3"], "contrast": "group - individual", "estimate": [0.5, 1.5],
     "ci_low": [-1.5, -0.5], "ci_high": [2.5, 3.5], "p_value": [0.6, 0.14], "n_patients": [120, 100],
     "is_primary": [False, True], "standardised": [0.05, 0.15], "standardised_low": [-0.15, -0.05],
     "standardised_high": [0.25, 0.35]}
)  # fmt: skip
SECONDARY = pd.DataFrame(
    {"instrument": ["HAM-A", "PHQ-9"], "visit": "month 3", "estimate": [0.2, -0.3], "ci_low": [-1.0, -1.5],
     "ci_high": [1.4, 0.9], "n_patients": 90, "p_holm": 1.0, "standardised": [0.02, -0.1],
     "standardised_low": [-0.1, -0.5], "standardised_high": [0.14, 0.3]}
)  # fmt: skip


def test_differences_stand_at_their_estimates():
    contrasts = pd.DataFrame(
        {
            "visit": pd.Categorical(["month 1", "month 3"], ordered=True),
            "contrast": "group - individual",
            "estimate": [0.5, 1.5],
            "std_error": 1.0,
            "df": 40.0,
            "statistic": np.nan,
            "p_value": [np.nan, 0.14],
            "ci_low": [-1.5, -0.5],
            "ci_high": [2.5, 3.5],
            "n_patients": [120, 100],
            "is_primary": [False, True],
        }
    )
    figure = kap.figures.plot_format_differences(contrasts=contrasts, instrument="BDI-II")
    across = drawn_values(figure, "x")
    assert {0.5, 1.5} <= across
    assert "0.14" in texts(figure)
    assert "−0.5 to 3.5" in texts(figure)


def test_a_margin_stands_beside_the_primary_rows_where_group_is_worse_and_its_source_is_written():
    figure = plot_format_differences(
        contrasts=CONTRASTS, secondary=SECONDARY, margin=4.5, margin_source="protocol, section 4", instrument="BDI-II"
    )
    (line,) = having(figure, "margin")
    assert line.get_xdata() == pytest.approx([0.45, 0.45])  # ten points are one SD
    assert line.get_ydata() == pytest.approx([1 - 3 / 5, 1])  # the heading and two visits, of five rows
    assert "Margin of 4.5 points: protocol, section 4." in texts(figure)
    assert having(plot_format_differences(contrasts=CONTRASTS, instrument="BDI-II"), "margin") == []


def test_on_a_scale_where_higher_is_better_the_margin_is_on_the_other_side():
    figure = plot_format_differences(contrasts=CONTRASTS, margin=4.5, instrument="WHO-5")
    assert list(having(figure, "margin")[0].get_xdata()) == [-4.5, -4.5]
    assert "individual better" in figure.axes[0].get_xlabel().split("group better")[0]


def test_all_instruments_share_one_axis_in_sds_and_have_their_points_beside_it():
    figure = plot_format_differences(contrasts=CONTRASTS, secondary=SECONDARY, instrument="BDI-II")
    (panel,) = figure.axes
    assert panel.get_xlabel() == (
        "Group minus individual, SDs of the baseline score\n←  group better     individual better  →"
    )
    assert [float(mark.get_xdata()[0]) for mark in having(figure, "estimate")] == [0.05, 0.15, 0.02, -0.1]
    assert [label.get_text() for label in having(figure, "row label")] == [
        "BDI-II", "Month 1", "Month 3 (primary)", "HAM-A, month 3", "PHQ-9, month 3",
    ]  # fmt: skip
    assert "0.2 (−1.0 to 1.4)" in cells(figure)


def test_one_instrument_is_drawn_in_its_points():
    panel = plot_format_differences(contrasts=CONTRASTS, instrument="BDI-II").axes[0]
    assert panel.get_xlabel().startswith("Group minus individual, BDI-II points\n")


@pytest.mark.parametrize(
    ("primary", "other", "side", "left"),
    [("BDI-II", "PHQ-9", -0.1, "group"), ("BDI-II", "WHO-5", 0.1, "group"), ("WHO-5", "PHQ-9", 0.1, "individual")],
)
def test_a_side_of_the_axis_means_the_same_in_every_row(primary, other, side, left):
    frame = SECONDARY.iloc[1:].assign(instrument=other)
    figure = plot_format_differences(contrasts=CONTRASTS, secondary=frame, instrument=primary)
    assert float(having(figure, "estimate")[-1].get_xdata()[0]) == side
    assert list(having(figure, "interval")[-1].get_xdata()) == ([-0.5, 0.3] if side < 0 else [-0.3, 0.5])
    assert figure.axes[0].get_xlabel().split("←  ")[1].startswith(f"{left} better")
    assert ("the mark lies on the other side of 0 than the points" in " ".join(texts(figure).split())) == (side > 0)
    assert "−0.3 (−1.5 to 0.9)" in cells(figure)


def test_instruments_of_which_none_could_be_compared_leave_the_axis_in_points():
    missing = SECONDARY.assign(note="too few", **dict.fromkeys(["estimate", "ci_low", "ci_high"], np.nan))
    panel = plot_format_differences(contrasts=CONTRASTS, secondary=missing, instrument="BDI-II").axes[0]
    assert panel.get_xlabel().startswith("Group minus individual, BDI-II points\n")


def test_several_instruments_without_standardised_differences_are_refused():
    with pytest.raises(FigureError, match="needs the columns standardised, standardised_low and standardised_high in"):
        plot_format_differences(contrasts=CONTRASTS, secondary=SECONDARY.drop(columns=[*STANDARDISED]))


def test_the_figure_is_one_panel_of_a_page():
    page = Figure(figsize=(7, 4))
    panel = page.subplots()
    assert plot_format_differences(contrasts=CONTRASTS, secondary=SECONDARY, instrument="BDI-II", ax=panel) is panel
    assert len(page.axes) == 1


def test_a_withheld_difference_has_dashes_and_no_mark():
    frame = CONTRASTS.assign(withheld=[True, False])
    frame.loc[0, ["estimate", "ci_low", "ci_high", "p_value", "n_patients"]] = np.nan
    figure = plot_format_differences(contrasts=frame, instrument="BDI-II")
    assert cells(figure)[:6] == ["–", "1.5 (−0.5 to 3.5)", "–", "100", "–", "0.14"]
    assert len(having(figure, "estimate")) == 1
    assert "Numbers withheld" in texts(figure)


def test_a_forest_without_a_single_number_still_has_its_rows_and_one_tick():
    frame = CONTRASTS.assign(estimate=np.nan, ci_low=np.nan, ci_high=np.nan)
    figure = plot_format_differences(contrasts=frame, instrument="BDI-II")
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["0"]
    assert "Month 3 (primary)" in texts(figure)


def test_on_a_narrow_page_the_numbers_stand_under_the_labels():
    figure = plot_format_differences(contrasts=CONTRASTS, instrument="BDI-II", width="single")
    assert cells(figure) == []
    assert "1.5 (−0.5 to 3.5), n scored = 100, p = 0.14" in texts(figure)
    assert having(figure, "column header") == []


def test_an_instrument_that_could_not_be_compared_says_why():
    frame = SECONDARY.assign(note=["", "At month 3 fewer than two patients of a format have PHQ-9."])
    frame.loc[1, ["estimate", "ci_low", "ci_high", "n_patients", "p_holm"]] = np.nan
    frame["contrast"] = ["group - individual", np.nan]
    figure = plot_format_differences(contrasts=CONTRASTS, secondary=frame, instrument="BDI-II")
    assert [cell for cell in cells(figure) if cell in ("not compared", "–")] == ["not compared", "–", "–"]
    said = "At month 3 fewer than two patients of a format have PHQ-9."
    assert f"PHQ-9 is not compared. {said}" in texts(figure)
    assert f"group minus individual not compared. {said}" in alt_text(figure)


def test_columns_have_one_header():
    figure = plot_format_differences(contrasts=CONTRASTS, secondary=SECONDARY, instrument="BDI-II")
    assert [header.get_text() for header in having(figure, "column header")] == [
        "Points (95% interval)",
        "n scored",
        "p",
    ]
    assert "adjusted for their number (Holm)" in texts(figure)


def test_a_number_that_is_not_there_has_no_name_on_a_narrow_page():
    frame = CONTRASTS.assign(p_value=[np.nan, 0.9999])
    written = texts(plot_format_differences(contrasts=frame, instrument="BDI-II", width="single"))
    assert "0.5 (−1.5 to 2.5), n scored = 120\n" in written
    assert "n scored = 100, p >\N{NO-BREAK SPACE}0.99" in written


def test_several_contrasts_say_what_each_side_means():
    frame = pd.concat([CONTRASTS, CONTRASTS.assign(contrast="mixed - individual", is_primary=False)])
    label = plot_format_differences(contrasts=frame, instrument="BDI-II").axes[0].get_xlabel()
    assert label == "Difference between formats, BDI-II points\n←  first format better     second better  →"


def test_no_difference_is_a_quiet_statement():
    figure = plot_format_differences(contrasts=CONTRASTS.iloc[:0])
    assert texts(figure).startswith("There is no difference between formats")
    assert alt_text(figure).startswith("There is no difference between formats")


def test_a_margin_must_be_positive():
    with pytest.raises(FigureError, match="A margin is a positive number of points, not"):
        plot_format_differences(contrasts=CONTRASTS, margin=0)


def test_a_very_wide_interval_does_not_narrow_the_others_and_ends_in_an_arrowhead():
    wide = SECONDARY.iloc[[1]].assign(
        instrument="Y-BOCS", estimate=-2.2, ci_low=-30.0, ci_high=1.0, n_patients=10, standardised=-0.2,
        standardised_low=-3.0, standardised_high=0.1,
    )  # fmt: skip
    figure = plot_format_differences(
        contrasts=CONTRASTS, secondary=pd.concat([SECONDARY, wide], ignore_index=True), instrument="BDI-II"
    )
    left, right = figure.axes[0].get_xlim()
    assert (left > -1) and (right < 1)
    (arrow,) = having(figure, "interval goes on")
    assert (arrow.get_xdata()[0], arrow.get_marker()) == (0, "<")
    assert {-3.0, 0.1} <= drawn_values(figure, "x")  # what is drawn is still the whole interval
    assert "−2.2 (−30.0 to 1.0)" in cells(figure)
    assert "Arrowhead: the interval goes on beyond the axis" in texts(figure)
    assert having(plot_format_differences(contrasts=CONTRASTS, secondary=SECONDARY), "interval goes on") == []


def test_the_interval_of_the_primary_row_is_always_whole():
    wide = CONTRASTS.assign(ci_low=[-1.5, -30.0], standardised_low=[-0.15, -3.0])
    figure = plot_format_differences(contrasts=wide, secondary=SECONDARY, instrument="BDI-II")
    assert figure.axes[0].get_xlim()[0] < -3.0
    assert having(figure, "interval goes on") == []


def test_a_dash_in_place_of_p_is_explained_where_there_is_one():
    said = "A dash in place of p: estimated and not tested."
    untested = CONTRASTS.assign(p_value=[np.nan, 0.2])
    assert said in texts(plot_format_differences(contrasts=untested, instrument="BDI-II"))
    assert said not in texts(plot_format_differences(contrasts=CONTRASTS.assign(p_value=0.2), instrument="BDI-II"))
