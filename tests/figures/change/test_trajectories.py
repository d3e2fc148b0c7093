"""Trajectories by month and by ketamine session: what is drawn and said, from 12 patients to 20,000."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

import kap_analysis as kap
from kap_analysis.errors import FigureError
from kap_analysis.figures.change.trajectories import plot_trajectories
from kap_analysis.figures.change.trajectory_lines import thinned
from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.page.statement import ALL_WITHHELD
from kap_analysis.figures.page.style import THEMES
from tests.figures import legibility
from tests.figures.drawn import drawn_values, marked, texts

STOP = "Those who stop early leave the line"


def session_means(last: int, *, n: int = 100, formats=("individual", "group")) -> pd.DataFrame:
    rows = [
        {"format": arm, "session_number": k, "n_patients": n - k, "mean": 18.0 - k, "ci_low": 16.0 - k,
         "ci_high": 20.0 - k, "instrument": "PHQ-9"}
        for arm in formats for k in range(1, last + 1)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def patient_lines(n: int, *, formats=("individual", "group")) -> pd.DataFrame:
    ids = np.repeat([f"P{k:05d}" for k in range(n)], 2)
    arms = np.repeat([formats[k % len(formats)] for k in range(n)], 2)
    return pd.DataFrame(
        {"patient_id": ids, "format": arms, "month": np.tile([0.0, 3.0], n), "score": np.tile([27.0, 14.0], n)}
    )


def month_means(formats=("individual", "group")) -> pd.DataFrame:
    rows = [(arm, v, m, 40 - m, 27.0 - m, 24.0 - m, 30.0 - m) for arm in formats for v, m in VISITS]
    return pd.DataFrame(rows, columns=["format", "visit", "month", "n_patients", "mean", "ci_low", "ci_high"])


VISITS = (("baseline", 0), ("month 1", 1), ("month 3", 3))


def test_a_figure_by_session_says_that_those_who_stop_leave_the_line():
    figure = plot_trajectories(means=session_means(6), time="session_number")
    assert figure.axes[0].get_xlabel() == "Ketamine session"
    assert STOP in texts(figure)
    assert "session 6" in alt_text(figure)
    assert STOP not in texts(plot_trajectories(means=month_means()))


def test_numbers_under_the_axis_stand_at_every_session_while_there_is_room():
    figure = plot_trajectories(means=session_means(6), time="session_number")
    under = marked(figure, "number under axis")
    assert sorted({t.xy[0] for t in under}) == [1, 2, 3, 4, 5, 6]
    assert {t.get_text() for t in under} == {"99", "98", "97", "96", "95", "94"}


def test_numbers_of_thousands_stand_at_every_third_session_when_there_is_no_room():
    figure = plot_trajectories(means=session_means(24, n=20_000), time="session_number")
    at = sorted({t.xy[0] for t in marked(figure, "number under axis")})
    assert at[0] == 1
    assert set(np.diff(at)) == {3}
    assert legibility.touching_texts(figure) == []


def test_of_twenty_thousand_patients_sixty_lines_are_drawn_and_it_is_said():
    figure = plot_trajectories(means=month_means(), patients=patient_lines(20_000))
    lines = sum(len(c.get_segments()) for c in marked(figure, "patients "))
    assert lines == 60
    assert "60 of 20,000 patients, spread evenly over the first scores of each format." in texts(figure)


def test_the_lines_that_are_drawn_are_every_kth_of_each_format_in_the_order_of_the_first_score():
    lines = patient_lines(120)
    lines["score"] = np.where(lines["month"] == 0, lines["patient_id"].str[1:].astype(int), 10.0)
    assert thinned(lines, "month", 30) == {f"P{k:05d}" for k in range(120) if k // 2 % 4 == 2}


def course(n: int = 60, better: float = -1.0) -> pd.DataFrame:
    rows = [
        (arm, v, m, 26.0 + better * m * 3 + (m > 0) * 3.0 * k, n - 5 * m)
        for k, arm in enumerate(("individual", "group"))
        for v, m in VISITS
    ]
    frame = pd.DataFrame(rows, columns=["format", "visit", "month", "estimate", "n_patients"])
    return frame.assign(
        ci_low=(frame["estimate"] - 2).where(frame["month"] > 0),
        ci_high=(frame["estimate"] + 2).where(frame["month"] > 0),
    )


def test_adjusted_means_start_from_one_baseline_and_observed_means_are_faint_and_named():
    figure = plot_trajectories(adjusted=course(), means=month_means())
    adjusted = marked(figure, "adjusted ")
    assert [line.get_gid() for line in adjusted] == ["adjusted individual", "adjusted group"]
    assert {float(line.get_ydata()[0]) for line in adjusted} == {26.0}
    faint = marked(figure, "observed ")
    assert {line.get_linewidth() for line in faint} == {0.8}
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["Adjusted mean, 95% interval", "Observed mean"]
    assert "adjusted means" in alt_text(figure)
    assert {t.get_text() for t in marked(figure, "number under axis")} == {"60", "55", "45"}


def test_the_adjusted_means_agree_with_the_primary_answer(study):
    compared = kap.compare_formats(study, secondary=False)
    figure = plot_trajectories(adjusted=compared.course, instrument="BDI-II")
    individual, group = (line.get_ydata() for line in marked(figure, "adjusted "))
    at = list(compared.course["visit"].cat.categories).index("month 3")
    assert group[at] - individual[at] == pytest.approx(compared.primary["estimate"], abs=1e-9)
    assert group[0] == individual[0]


def test_adjusted_means_and_curves_are_not_drawn_together():
    curves = course().rename(columns={})
    with pytest.raises(FigureError, match="draws adjusted= or curves=, not both"):
        plot_trajectories(adjusted=course(), curves=curves)


def test_of_four_patients_there_are_points_and_a_sentence_but_no_interval_and_no_curve():
    few = month_means().assign(n_patients=4)
    figure = plot_trajectories(means=few)
    assert "fewer than 5 patients" in texts(figure)
    bars = [segment for one in figure.findobj(matplotlib.collections.LineCollection) for segment in one.get_segments()]
    assert [segment for segment in bars if np.isfinite(segment).all() and len(segment)] == []
    curved = plot_trajectories(curves=course(), patients=patient_lines(8))
    assert marked(curved, "curve ") == marked(curved, "band ") == []
    assert len(marked(plot_trajectories(curves=course(), patients=patient_lines(10)), "band ")) == 2


def test_twelve_patients_are_all_drawn_and_nothing_is_said_of_a_sample():
    figure = plot_trajectories(means=month_means(), patients=patient_lines(12))
    assert sum(len(c.get_segments()) for c in marked(figure, "patients ")) == 12
    assert "Thin lines" not in texts(figure)


def test_the_same_lines_are_drawn_whatever_the_order_of_the_rows():
    lines = patient_lines(500)
    lines["score"] = np.random.default_rng(1).integers(0, 60, len(lines)).astype(float)
    drawn = []
    for frame in (lines, lines.sample(frac=1.0, random_state=2)):
        figure = plot_trajectories(means=month_means(), patients=frame)
        drawn.append(sorted(np.asarray(s).ravel().tolist() for c in marked(figure, "pat") for s in c.get_segments()))
    assert drawn[0] == drawn[1]


def test_facets_have_one_panel_per_level_one_key_and_names_of_rows_once():
    means = pd.concat([month_means().assign(practice=name) for name in "ABC"], ignore_index=True)
    figure = plot_trajectories(means=means, facet_by="practice")
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["Practice: A", "Practice: B", "Practice: C"]
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["Individual", "Group"]
    assert len(marked(figure, "name under axis")) == 3


def test_long_levels_are_titles_of_their_own_in_lines():
    means = pd.concat(
        [month_means().assign(diagnosis=name) for name in ("post-traumatic stress disorder", "other", "none")]
    )
    titles = [ax.get_title(loc="left") for ax in plot_trajectories(means=means, facet_by="diagnosis").axes]
    assert titles == ["None", "Other", "Post-traumatic stress\ndisorder"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_format_has_its_colour_in_line_and_label(theme):
    figure = plot_trajectories(means=month_means(), theme=theme)
    colours = {t.get_text(): t.get_color() for t in marked(figure, "line label")}
    assert colours == {
        "Individual": THEMES[theme].look("individual").colour,
        "Group": THEMES[theme].look("group").colour,
    }


def test_one_format_only_is_drawn_alone():
    figure = plot_trajectories(means=month_means(("group",)), width="single")
    assert [t.get_text() for t in marked(figure, "line label")] == ["Group"]


def test_withheld_means_leave_a_gap_and_the_label_stands_at_the_last_mean_shown():
    means = month_means()
    means.loc[means["visit"] == "month 3", ["n_patients", "mean", "ci_low", "ci_high"]] = np.nan
    figure = plot_trajectories(means=means.assign(withheld=means["mean"].isna()))
    assert {t.xy[0] for t in marked(figure, "line label")} == {1.0 + 0.03}  # where the marks stand
    assert "Numbers withheld" in texts(figure)
    assert "–" in {t.get_text() for t in marked(figure, "number under axis")}


@pytest.mark.parametrize("frame", [month_means().iloc[:0], month_means().assign(mean=np.nan, ci_low=np.nan)])
def test_without_a_number_the_figure_says_whether_there_was_none_or_it_was_withheld(frame):
    figure = plot_trajectories(means=frame)
    assert texts(figure).strip() == alt_text(figure) == "There is no score to draw: there are no rows."
    assert alt_text(plot_trajectories(means=frame.assign(withheld=True))) == ALL_WITHHELD


def test_without_frames_there_is_an_error():
    with pytest.raises(
        FigureError, match=r"plot_trajectories has nothing to draw: give adjusted=, means= or curves=\."
    ):
        plot_trajectories()


def test_names_of_bands_beside_the_last_panel_do_not_push_the_columns_apart():
    lines = pd.concat([month_means().assign(practice=name) for name in "ABCDE"], ignore_index=True)
    figure = plot_trajectories(means=lines, facet_by="practice", instrument="BDI-II")
    figure.draw_without_rendering()
    left = [round(ax.get_window_extent().x0) for ax in figure.axes[:3]]
    assert left[2] - left[1] == pytest.approx(left[1] - left[0], abs=8)
    assert legibility.cut_texts(figure) == []


def test_lines_of_patients_before_day_0_are_not_cut():
    figure = plot_trajectories(means=month_means(), patients=patient_lines(3).assign(month=[-1.3, 3.0] * 3))
    assert figure.axes[0].get_xlim()[0] < -1.3


def test_facets_without_the_lines_that_a_public_study_withholds_say_so():
    gone = patient_lines(3).assign(practice="A").iloc[:0]
    figure = plot_trajectories(means=month_means(), patients=gone, facet_by="practice")
    assert "There is nothing to draw by practice: there are no scores of single patients." in texts(figure)
    figure = plot_trajectories(means=month_means(), patients=gone.assign(withheld=True), facet_by="practice")
    assert alt_text(figure) == ALL_WITHHELD
    with pytest.raises(FigureError, match="in none of its frames"):
        plot_trajectories(means=month_means(), patients=gone, facet_by="colour")


def test_intervals_that_run_off_the_panel_are_said_to():
    wide = month_means().assign(ci_low=-5.0)
    assert "Intervals that run off the panel" in texts(plot_trajectories(means=wide, instrument="BDI-II"))
    assert "Intervals that run off" not in texts(plot_trajectories(means=month_means(), instrument="BDI-II"))


def test_observed_means_stand_where_they_were_computed_with_n_under_the_axis(observed):
    figure = kap.figures.plot_trajectories(means=observed.means)
    heights = drawn_values(figure, "y")
    written = texts(figure).split("\n")
    for row in observed.means[observed.means["format"] != "all"].itertuples():
        assert round(row.mean, 6) in heights
        assert str(row.n_patients) in written
    assert "BDI-II" in figure.axes[0].get_ylabel()
    assert "onths" in figure.axes[0].get_xlabel()


def test_the_formats_differ_in_colour_line_and_marker(observed):
    figure = kap.figures.plot_trajectories(means=observed.means)
    looks = set()
    for line in figure.findobj(matplotlib.lines.Line2D):
        if len(np.atleast_1d(line.get_xdata())) == observed.means["visit"].nunique() and line.get_linestyle() != "None":
            looks.add((matplotlib.colors.to_hex(line.get_color()), str(line.get_linestyle())))
    assert len({colour for colour, _ in looks}) >= 2
    assert len({style for _, style in looks}) >= 2


def test_a_column_that_was_recorded_for_nobody_makes_no_panel():
    patients = patient_lines(3).assign(practice="not recorded")
    figure = plot_trajectories(means=month_means(), patients=patients, facet_by="practice")
    assert "There is nothing to draw by practice: it is not recorded." in texts(figure)


def test_no_line_goes_through_means_of_too_few_patients():
    means = month_means(("group",)).assign(n_patients=[9, 8, 4])
    figure = plot_trajectories(means=means)
    (marks,), (line,) = marked(figure, "means group"), marked(figure, "line through means group")
    assert marks.get_linestyle() == "None"
    assert marks.get_ydata().tolist() == means["mean"].tolist()
    assert np.isnan(line.get_ydata()).tolist() == [False, False, True]
    assert marked(plot_trajectories(means=month_means(("group",))), "line through") == []
