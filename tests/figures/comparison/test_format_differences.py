"""Differences between the formats: estimates, margins, panels by instrument, withheld and missing rows."""

import numpy as np
import pandas as pd
import pytest

import kap_analysis as kap
from kap_analysis.errors import FigureError
from kap_analysis.figures.comparison.format_differences import plot_format_differences
from kap_analysis.figures.page.alternative_text import alt_text
from tests.figures.drawn import cells, drawn_values, having, texts

CONTRASTS = pd.DataFrame(
    {"visit": ["month 1", "month 3"], "contrast": "group - individual", "estimate": [0.5, 1.5],
     "ci_low": [-1.5, -0.5], "ci_high": [2.5, 3.5], "p_value": [0.6, 0.14], "n_patients": [120, 100],
     "is_primary": [False, True]}
)  # fmt: skip
SECONDARY = pd.DataFrame(
    {"instrument": ["HAM-A", "PHQ-9"], "visit": "month 3", "estimate": [0.2, -0.3], "ci_low": [-1.0, -1.5],
     "ci_high": [1.4, 0.9], "n_patients": 90, "p_holm": 1.0}
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


def test_a_margin_is_drawn_in_the_primary_panel_where_group_is_worse_and_its_source_is_written():
    figure = plot_format_differences(
        contrasts=CONTRASTS, secondary=SECONDARY, margin=4.5, margin_source="protocol, section 4", instrument="BDI-II"
    )
    (line,) = having(figure, "margin")
    assert line.axes is figure.axes[0]
    assert list(line.get_xdata()) == [4.5, 4.5]
    assert "Margin of 4.5 points: protocol, section 4." in texts(figure)
    assert having(plot_format_differences(contrasts=CONTRASTS, instrument="BDI-II"), "margin") == []


def test_on_a_scale_where_higher_is_better_the_margin_is_on_the_other_side():
    figure = plot_format_differences(contrasts=CONTRASTS, margin=4.5, instrument="WHO-5")
    assert list(having(figure, "margin")[0].get_xdata()) == [-4.5, -4.5]
    assert "individual better" in figure.axes[0].get_xlabel().split("group better")[0]


def test_each_instrument_has_a_panel_with_its_own_points():
    figure = plot_format_differences(contrasts=CONTRASTS, secondary=SECONDARY, instrument="BDI-II")
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["BDI-II", "HAM-A", "PHQ-9"]
    assert [ax.get_xlabel().split("\n")[0].split(", ")[1] for ax in figure.axes] == [
        "BDI-II points", "HAM-A points", "PHQ-9 points",
    ]  # fmt: skip
    assert "0.2 (−1.0 to 1.4)" in cells(figure)


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
    assert cells(figure)[-3:] == ["not compared", "–", "–"]
    said = "At month 3 fewer than two patients of a format have PHQ-9."
    assert f"PHQ-9 is not compared. {said}" in texts(figure)
    assert f"group minus individual not compared. {said}" in alt_text(figure)
    assert figure.axes[2].get_xlabel() == ""


def test_columns_of_numbers_stand_below_each_other_in_all_panels():
    figure = plot_format_differences(contrasts=CONTRASTS, secondary=SECONDARY, instrument="BDI-II")
    figure.draw_without_rendering()
    by_name: dict[str, set[int]] = {}
    for header in having(figure, "column header"):
        by_name.setdefault(header.get_text(), set()).add(round(header.get_window_extent().x1))
    assert {name: len(ends) for name, ends in by_name.items()} == {
        "Difference (95% CI)": 1,
        "n scored": 1,
        "p": 1,
        "p (Holm)": 1,
    }


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
