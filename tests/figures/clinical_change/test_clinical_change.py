"""Each patient's two scores: where they are drawn, the lines among them, those not assessed, and how many are alike."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from kap_analysis.errors import FigureError
from kap_analysis.figures.clinical_change.clinical_change import plot_clinical_change
from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.page.statement import ALL_WITHHELD
from kap_analysis.figures.page.style import THEMES
from tests.figures.drawn import having

ROWS = [
    ("P1", "individual", 30.0, 10.0, "recovered"),
    ("P2", "individual", 30.0, 10.0, "recovered"),
    ("P3", "individual", 25.0, 24.0, "unchanged"),
    ("P4", "individual", 28.0, np.nan, None),
    ("P5", "group", 20.0, 35.0, "deteriorated"),
    ("P6", "group", np.nan, 12.0, None),
]
SETTINGS = {"reliable_change": 9.0, "cutoff": 14.5, "instrument": "BDI-II", "visit": "month 3"}


@pytest.fixture
def patients():
    return pd.DataFrame(ROWS, columns=["patient_id", "format", "baseline", "follow_up", "class"])


def words(figure):
    return "\n".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


def test_patients_stand_at_their_two_scores_and_those_not_assessed_above_the_scores(patients):
    ax = plot_clinical_change(patients=patients, **SETTINGS).axes[0]
    [marks] = having(ax, "patients individual")
    drawn = {tuple(place) for place in np.asarray(marks.get_offsets())}
    assert {(30.0, 10.0), (25.0, 24.0)} <= drawn
    [(x, y)] = drawn - {(30.0, 10.0), (25.0, 24.0)}
    assert x == 28.0
    [strip] = having(ax, "strip")
    assert strip.get_y() < y < strip.get_y() + strip.get_height()
    assert strip.get_y() > np.nanmax(patients["follow_up"])


def test_the_area_of_a_mark_is_the_number_of_patients_with_the_same_scores(patients):
    figure = plot_clinical_change(patients=patients, **SETTINGS)
    [marks] = having(figure.axes[0], "patients individual")
    area = dict(zip(map(tuple, np.asarray(marks.get_offsets())), marks.get_sizes(), strict=True))
    assert area[(30.0, 10.0)] == pytest.approx(2 * area[(25.0, 24.0)])
    assert "patients with the same two scores (1 to 2)" in " ".join(words(figure).split())


def test_lines_of_reliable_change_run_beside_the_line_of_no_change(patients):
    ax = plot_clinical_change(patients=patients, **SETTINGS).axes[0]
    away = sorted(float(np.unique(np.round(line.get_ydata() - line.get_xdata(), 9))[0]) for line in ax.lines[:3])
    assert away == [-9.0, 0.0, 9.0]
    level, upright = having(ax, "cut-off")
    assert set(level.get_ydata()) == {14.5}
    assert set(upright.get_xdata()) == {14.5}


def test_which_side_is_better_follows_the_direction_of_the_instrument(patients):
    def below(instrument):
        ax = plot_clinical_change(patients=patients, **SETTINGS | {"instrument": instrument}).axes[0]
        return min(having(ax, "region"), key=lambda text: text.xy[1]).get_text()

    assert below("BDI-II") == "reliably better"
    assert below("WHO-5") == "reliably worse"


def test_counts_of_each_format_are_of_those_with_a_baseline(patients):
    figure = plot_clinical_change(patients=patients, **SETTINGS)
    assert "Individual, n = 4" in words(figure)
    assert "Reliably better and past the cut-off 2, no reliable change 1; of 3 assessed" in " ".join(
        words(figure).split()
    )
    assert "Not assessed,\nn = 1" in words(figure)
    assert "1 patient without a baseline left out." in " ".join(words(figure).split())
    assert "reliably better and past the cut-off 2 (67% of assessed, 50% of all)" in alt_text(figure).lower()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_format_has_its_colour(patients, theme):
    figure = plot_clinical_change(patients=patients, theme=theme, **SETTINGS)
    for ax, name in zip(figure.axes, ("individual", "group"), strict=True):
        [marks] = having(ax, f"patients {name}")
        assert tuple(marks.get_edgecolor()[0][:3]) == pytest.approx(to_rgb(THEMES[theme].look(name).colour))


def test_ten_thousand_patients_are_drawn_as_marks_of_different_size():
    scores = np.random.default_rng(3).integers(10, 40, (10_000, 2)).astype(float)
    frame = pd.DataFrame({"patient_id": range(10_000), "format": "group", "class": "unchanged"})
    figure = plot_clinical_change(patients=frame.assign(baseline=scores[:, 0], follow_up=scores[:, 1]), **SETTINGS)
    [marks] = having(figure.axes[0], "patients group")
    assert len(marks.get_offsets()) == 900
    assert marks.get_sizes().max() == pytest.approx(110.0)


def test_withheld_patients_are_said_in_a_sentence(patients):
    assert "no patient has a baseline" in alt_text(plot_clinical_change(patients=patients[:0], **SETTINGS))
    gone = patients[:0].assign(withheld=pd.Series(dtype="bool"))
    assert alt_text(plot_clinical_change(patients=gone, **SETTINGS)) == ALL_WITHHELD


def test_a_reliable_change_of_nothing_is_refused(patients):
    with pytest.raises(FigureError, match=r"A reliable change is a positive number of points, not 0\."):
        plot_clinical_change(patients=patients, reliable_change=0)
