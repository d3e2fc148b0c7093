"""Diagnostics: what each panel draws of its frame, and what is said where a panel cannot be drawn."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from kap_analysis.errors import FigureError
from kap_analysis.figures.marks.quantile_plot import quantiles
from kap_analysis.figures.model_check.diagnostics import plot_diagnostics
from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.page.style import THEMES
from tests.figures import legibility
from tests.figures.drawn import marked, texts


def residual_frame(n: int, *, formats=("individual", "group")) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    values = rng.normal(size=n)
    arms = [formats[k % len(formats)] for k in range(n)]
    return pd.DataFrame(
        {"fitted": rng.uniform(5, 40, n), "standardised": values, "normalised": values, "format": arms,
         "visit": "month 3"}
    )  # fmt: skip


EFFECTS = pd.DataFrame(
    {"grouping": "cohort_id", "term": "is_group", "level": list("ABCDE"), "estimate": [2.0, -2.0, 1.0, -1.0, 0.0],
     "std_error": 0.5}
)  # fmt: skip
LAGS = pd.DataFrame({"lag": [2, 1, 3], "correlation": [-0.1, 0.2, 0.05], "n_pairs": [80, 120, 40]})
INFLUENCE = pd.DataFrame(
    {"unit": ["patient"] * 4 + ["cohort"] * 3, "label": ["S001", "S002", "S003", "S004", "A-1", "A-2", "A-3"],
     "distance": [0.01, 0.05, 0.02, 0.03, 0.3, 0.1, 0.2], "n_observations": 4,
     "change": [0.1, -0.2, 0.0, 0.05, 0.9, -0.3, 0.2]}
)  # fmt: skip


def titles(figure) -> list[str]:
    return [ax.get_title(loc="left") for ax in figure.axes]


def test_there_is_a_panel_for_each_frame_term_and_unit():
    figure = plot_diagnostics(
        residuals=residual_frame(120), random_effects=EFFECTS, lag_correlation=LAGS, influence=INFLUENCE
    )
    assert titles(figure) == [
        "Residuals (line: lowess)",
        "Normalised residuals",
        "Cohort effects: group\nformat",
        "Correlation by lag",
        "Influence of 4 patients",
        "Influence of 3 cohorts",
    ]
    assert titles(plot_diagnostics(residuals=residual_frame(20))) == ["Residuals", "Normalised residuals"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_residuals_stand_at_their_fitted_scores_in_the_colour_of_their_format(theme):
    frame = residual_frame(120)
    figure = plot_diagnostics(residuals=frame, instrument="BDI-II", theme=theme)
    drawn = {line.get_gid().split()[-1]: line for line in marked(figure, "residuals ")}
    for name, line in drawn.items():
        one = frame[frame["format"] == name]
        assert line.get_xydata() == pytest.approx(one[["fitted", "standardised"]].to_numpy())
        assert line.get_color() == THEMES[theme].look(name).colour
        assert line.get_marker() == THEMES[theme].look(name).marker
    assert set(drawn) == {"individual", "group"}
    assert figure.axes[0].get_xlabel() == "Fitted BDI-II score"
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["Individual", "Group"]


def test_of_more_than_five_thousand_residuals_the_density_is_drawn_and_it_is_said():
    figure = plot_diagnostics(residuals=residual_frame(6000))
    assert marked(figure, "residuals ") == []
    (density,) = marked(figure, "density")
    assert density.get_array().sum() == 6000
    assert "Density of 6,000 residuals in place of points" in texts(figure)
    (points,) = marked(figure, "quantiles")
    assert len(points.get_xdata()) == 2000  # 250 at each end and 1,500 between
    assert "some between" in texts(figure)


def test_quantiles_and_their_band():
    found = quantiles(np.array([3.0, np.nan, -1.0, 1.0]))
    assert found.value.tolist() == [-1, 1, 3]
    assert found.normal == pytest.approx(ndtri(np.array([0.5, 1.5, 2.5]) / 3))
    # the smallest of 3 uniform values is above p with probability (1 - p)^3
    assert found.low[0] == pytest.approx(ndtri(1 - 0.975 ** (1 / 3)))
    assert found.high[0] == pytest.approx(ndtri(1 - 0.025 ** (1 / 3)))
    assert found.low == pytest.approx(-found.high[::-1])


def test_about_one_normal_value_in_twenty_lies_outside_the_band():
    outside = [quantiles(np.random.default_rng(k).normal(size=200)).n_outside for k in range(60)]
    assert 0.02 < np.mean(outside) / 200 < 0.08


def test_random_effects_are_ordered_with_their_errors():
    figure = plot_diagnostics(residuals=residual_frame(60), random_effects=EFFECTS)
    points = marked(figure.axes[2], "quantiles")[0]
    assert points.get_ydata().tolist() == [-2, -1, 0, 1, 2]
    (bars,) = marked(figure, "std_error")
    assert bars.get_segments()[0][:, 1].tolist() == [-2.5, -1.5]
    assert "(n = 5)" in figure.axes[2].get_xlabel()


def test_effects_that_cannot_be_ordered_are_a_sentence_and_no_panel():
    figure = plot_diagnostics(residuals=residual_frame(60), random_effects=EFFECTS.head(2))
    assert len(figure.axes) == 2
    assert "2 effects, not drawn, for they are too few to be ordered." in texts(figure)
    figure = plot_diagnostics(residuals=residual_frame(60), random_effects=EFFECTS.assign(estimate=0.0))
    assert len(figure.axes) == 2
    assert "5 effects, not drawn, for all are the same." in texts(figure)
    assert "one standard error" not in texts(figure)


def test_more_than_four_terms_are_not_all_drawn_and_it_is_said():
    many = pd.concat([EFFECTS.assign(term=f"term {k}") for k in range(6)])
    figure = plot_diagnostics(residuals=residual_frame(60), random_effects=many)
    assert len(figure.axes) == 2 + 4
    assert "4 of 6 random terms are drawn." in texts(figure)


def test_lags_have_their_correlation_their_pairs_and_a_band_of_no_correlation():
    figure = plot_diagnostics(residuals=residual_frame(60), lag_correlation=LAGS)
    (points,) = marked(figure, "correlation")
    assert points.get_xydata().tolist() == [[1, 0.2], [2, -0.1], [3, 0.05]]
    assert [t.get_text() for t in figure.axes[2].get_xticklabels()] == ["1\n120", "2\n80", "3\n40"]
    heights = [bar.get_height() for bar in marked(figure.axes[2], "band")]
    assert heights == pytest.approx([2 * 1.96 / np.sqrt(n) for n in (120, 80, 40)])


def test_the_most_influential_are_named_unless_withheld():
    figure = plot_diagnostics(residuals=residual_frame(60), influence=INFLUENCE)
    assert {t.get_text() for t in marked(figure, "influence label")} == {
        "S002",
        "S004",
        "S003",
        "A-1",
        "A-3",
        "A-2",
    }
    hidden = INFLUENCE.assign(label=INFLUENCE["label"].where(INFLUENCE["unit"] == "cohort"))
    figure = plot_diagnostics(residuals=residual_frame(60), influence=hidden.assign(withheld=hidden["label"].isna()))
    assert {t.get_text() for t in marked(figure, "influence label")} == {"A-1", "A-3", "A-2"}
    assert "Numbers withheld" in texts(figure)
    points = marked(figure.axes[2], "influence")[0]
    assert points.get_xydata().tolist()[1] == [-0.2, 0.05]


def test_influence_that_is_all_withheld_is_a_sentence_and_no_panel():
    figure = plot_diagnostics(residuals=residual_frame(60), influence=INFLUENCE.assign(distance=np.nan, change=np.nan))
    assert len(figure.axes) == 2
    assert "Influence of each cohort: not computed." in texts(figure)


def test_twelve_patients_of_one_format():
    figure = plot_diagnostics(residuals=residual_frame(12, formats=("group",)), width="single")
    assert len(marked(figure, "residuals group")) == 1
    assert marked(figure, "trend") == []


def test_missing_residuals_are_left_out_and_counted():
    frame = residual_frame(60)
    frame.loc[:4, "normalised"] = np.nan
    assert "5 of 60 residuals are missing." in texts(plot_diagnostics(residuals=frame))


def test_alternative_text_names_every_panel():
    text = alt_text(
        plot_diagnostics(
            residuals=residual_frame(120), random_effects=EFFECTS, lag_correlation=LAGS, influence=INFLUENCE
        )
    )
    assert "0.20 at lag 1, −0.10 at lag 2" in text
    assert "Leaving out one cohort changes the contrast by at most 0.90 points" in text
    assert "random effects of cohort (group format)" in text


def test_no_residuals_are_said_quietly_and_a_missing_column_is_an_error():
    figure = plot_diagnostics(residuals=residual_frame(5).iloc[:0])
    assert "There are no residuals to draw" in texts(figure)
    with pytest.raises(FigureError, match="needs the column normalised in residuals="):
        plot_diagnostics(residuals=residual_frame(5).drop(columns="normalised"))


def test_residuals_of_one_format_are_drawn_without_a_key():
    figure = plot_diagnostics(residuals=residual_frame(60).assign(format="all"))
    (points,) = marked(figure, "residuals")
    assert len(points.get_xdata()) == 60
    assert figure.legends == []


def test_names_of_influential_marks_stand_off_every_mark_and_each_other():
    rng = np.random.default_rng(3)
    crowd = pd.DataFrame(
        {"unit": "patient", "label": [f"P{k:03d}" for k in range(60)], "distance": rng.uniform(0, 0.05, 60),
         "change": rng.normal(0, 0.2, 60)}
    )  # fmt: skip
    crowd.loc[:2, "distance"] = [0.060, 0.0601, 0.0602]
    crowd.loc[:2, "change"] = [0.100, 0.101, 0.102]
    figure = plot_diagnostics(residuals=residual_frame(60), influence=crowd)
    assert legibility.touching_texts(figure) == []
    ax = figure.axes[2]
    marks = ax.transData.transform(crowd[["change", "distance"]].to_numpy())
    for name in marked(figure, "influence label"):
        box = matplotlib.text.Text.get_window_extent(name)
        assert not [mark for mark in marks if box.contains(*mark)]
