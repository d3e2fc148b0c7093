"""The forests of differences, subgroups and sensitivity analyses: margins, long labels, withheld and missing rows."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from kap_analysis.errors import FigureError
from kap_analysis.figures.comparison.format_differences import plot_format_differences
from kap_analysis.figures.comparison.subgroups import plot_subgroups
from kap_analysis.figures.marks.forest import ForestRow
from kap_analysis.figures.marks.forest_fit import fitted_rows
from kap_analysis.figures.missing.tipping_point import plot_tipping_point
from kap_analysis.figures.model_check.diagnostics import plot_diagnostics
from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.page.page import stamp_figure
from kap_analysis.figures.page.text_size import text_width
from kap_analysis.figures.sensitivity.sensitivity import plot_sensitivity
from kap_analysis.writing.figure_numbers import estimate_with_interval

CONTRASTS = pd.DataFrame(
    {"visit": ["month 1", "month 3"], "contrast": "group - individual", "estimate": [0.5, 1.5],
     "ci_low": [-1.5, -0.5], "ci_high": [2.5, 3.5], "p_value": [0.6, 0.14], "n_patients": [120, 100],
     "is_primary": [False, True]}
)  # fmt: skip
SECONDARY = pd.DataFrame(
    {"instrument": ["HAM-A", "PHQ-9"], "visit": "month 3", "estimate": [0.2, -0.3], "ci_low": [-1.0, -1.5],
     "ci_high": [1.4, 0.9], "n_patients": 90, "p_holm": 1.0}
)  # fmt: skip
LONG = "An analysis whose label is far longer than anybody would wish for in a forest plot that stands on one page"


def sensitivity(n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"group": ["Primary"] + ["Missing data"] * (n - 1), "label": ["Primary"]
         + [f"{LONG}, {k}" for k in range(1, n)],
         "estimate": np.linspace(-1, 1, n), "ci_low": np.linspace(-3, -1, n), "ci_high": np.linspace(1, 3, n),
         "n_patients": 200, "assumes": "missing at random", "is_primary": [True] + [False] * (n - 1)}
    )  # fmt: skip


def texts(figure) -> str:
    return "\n".join(t.get_text() for t in figure.findobj(matplotlib.text.Text))


def having(figure, gid: str) -> list:
    return figure.findobj(lambda artist: artist.get_gid() == gid)


def cells(figure) -> list[str]:
    return [t.get_text() for t in having(figure, "cell")]


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
    assert cells(figure)[:6] == ["–", "1.5 (−0.5 to 3.5)", "–", "100", "–", "0.140"]
    assert len(having(figure, "estimate")) == 1
    assert "Numbers withheld" in texts(figure)


def test_a_forest_without_a_single_number_still_has_its_rows_and_one_tick():
    frame = CONTRASTS.assign(estimate=np.nan, ci_low=np.nan, ci_high=np.nan)
    figure = plot_format_differences(contrasts=frame, instrument="BDI-II")
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["0"]
    assert "Month 3 (primary)" in texts(figure)


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda: plot_format_differences(contrasts=CONTRASTS.iloc[:0]), "There is no difference between formats"),
        (lambda: plot_sensitivity(estimates=sensitivity(3).iloc[:0]), "There is no sensitivity analysis to draw"),
        (
            lambda: plot_subgroups(
                differences=pd.DataFrame(columns=["moderator", "level", "estimate", "ci_low", "ci_high", "n_patients"])
            ),
            "There is no subgroup to draw",
        ),
    ],
)
def test_frames_without_rows_are_said_quietly(draw, said):
    figure = draw()
    assert texts(figure).startswith(said)
    assert alt_text(figure).startswith(said)


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


def test_on_a_narrow_page_the_numbers_stand_under_the_labels():
    figure = plot_format_differences(contrasts=CONTRASTS, instrument="BDI-II", width="single")
    assert cells(figure) == []
    assert "1.5 (−0.5 to 3.5), n = 100, p = 0.140" in texts(figure)
    assert having(figure, "column header") == []


def test_rows_that_fit_stay_as_they_are():
    rows = [ForestRow("Month 3", 1.0, 0.0, 2.0, columns=("1.0 (0.0 to 2.0)", "100"))]
    assert fitted_rows(rows, ("Difference (95% CI)", "n"), 183.0) == (rows, ("Difference (95% CI)", "n"))


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
        "n": 1,
        "p": 1,
        "p (Holm)": 1,
    }


def test_a_number_that_is_not_there_has_no_name_on_a_narrow_page():
    frame = CONTRASTS.assign(p_value=[np.nan, 0.9999])
    written = texts(plot_format_differences(contrasts=frame, instrument="BDI-II", width="single"))
    assert "0.5 (−1.5 to 2.5), n = 120\n" in written
    assert "n = 100, p > 0.999" in written


def test_several_contrasts_say_what_each_side_means():
    frame = pd.concat([CONTRASTS, CONTRASTS.assign(contrast="mixed - individual", is_primary=False)])
    label = plot_format_differences(contrasts=frame, instrument="BDI-II").axes[0].get_xlabel()
    assert label == "Difference between formats, BDI-II points\n←  first format better     second better  →"


def test_subgroups_say_what_each_side_means_where_the_instrument_is_known():
    frame = pd.DataFrame(
        {"moderator": "age", "level": ["30", "60"], "estimate": [1.0, 2.0], "ci_low": 0.0, "ci_high": 3.0,
         "n_patients": 50}
    )  # fmt: skip
    label = {
        name: plot_subgroups(differences=frame, instrument=name).axes[0].get_xlabel()
        for name in (None, "BDI-II", "WHO-5")
    }
    assert label[None] == "Group minus individual, points"
    assert label["BDI-II"] == "Group minus individual, BDI-II points\n←  group better     individual better  →"
    assert label["WHO-5"] == "Group minus individual, WHO-5 points\n←  individual better     group better  →"
    assert plot_subgroups(differences=frame, quantity="Change, points").axes[0].get_xlabel() == "Change, points"


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
    assert "0.0" in written
    assert "–" in written


def test_subgroups_with_withheld_levels():
    frame = pd.DataFrame(
        {"moderator": "age", "level": ["under 40", "40 and over"], "estimate": [1.0, np.nan], "ci_low": [0.0, np.nan],
         "ci_high": [2.0, np.nan], "n_patients": [50, np.nan], "withheld": [False, True]}
    )  # fmt: skip
    tests = pd.DataFrame({"moderator": ["age"], "p_value": [0.21]})
    figure = plot_subgroups(differences=frame, interactions=tests, width="single")
    assert "interaction p = 0.210" in texts(figure)
    assert len(having(figure, "estimate")) == 1


def test_a_margin_must_be_positive():
    for draw in (
        lambda: plot_format_differences(contrasts=CONTRASTS, margin=0),
        lambda: plot_tipping_point(tipping=pd.DataFrame(columns=TIPPING), margin=-1),
    ):
        with pytest.raises(FigureError, match="A margin is a positive number of points, not"):
            draw()


TIPPING = ["delta_individual", "delta_group", "estimate", "ci_low", "ci_high"]


def test_axes_of_the_caller_are_drawn_on_and_given_back():
    rows = [(x, y, 0.1 * y - 0.1 * x, -3.0 + y, 3.0 + y) for x in (0, 2, 4) for y in (0, 2, 4)]
    figure = Figure()
    one, *two = figure.subplots(1, 3)
    assert plot_tipping_point(tipping=pd.DataFrame(rows, columns=TIPPING), ax=one) is one
    assert one.get_legend() is not None
    residuals = pd.DataFrame({"fitted": [1.0, 2.0], "standardised": 0.5, "normalised": [0.1, -0.1], "format": "group"})
    assert plot_diagnostics(residuals=residuals, ax=two) is two
    assert figure.legends == []


def test_a_stamp_stands_above_the_key_and_the_key_above_the_panels():
    rows = [(x, y, 0.1 * y, -3.0 + y, 3.0 + y) for x in (0, 2, 4) for y in (0, 2, 4)]
    figure = stamp_figure(plot_tipping_point(tipping=pd.DataFrame(rows, columns=TIPPING), instrument="BDI-II"))
    figure.draw_without_rendering()
    (stamp,) = having(figure, "stamp")
    key = figure.legends[0].get_window_extent()
    assert stamp.get_window_extent().y0 >= key.y1 - 1
    assert key.y0 >= figure.axes[0].get_window_extent().y1 - 1


def test_an_end_beside_zero_is_not_written_as_zero():
    assert estimate_with_interval(3.1, 0.013, 6.16) == "3.1 (0.01 to 6.16)"
    assert estimate_with_interval(3.1, 0.0, 6.16) == "3.1 (0.0 to 6.2)"
