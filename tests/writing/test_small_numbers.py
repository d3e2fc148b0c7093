"""Of fewer than five patients there are points and words, in every figure whose frames count patients."""

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PolyCollection

from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.writing.small_numbers import FEWEST, POINTS_ONLY, interval_words, is_enough, of_enough, said_of_few
from tests.figures import made_up
from tests.figures.drawn import having, texts

#: Effects of cohorts are drawn towards zero by what all cohorts show, imputed analyses are of all who started.
OF_ALL = ("cohort_effects", "tipping_point along one axis")


FIGURES = made_up.every_figure()


def counted(name: str) -> bool:
    frames = [one for one in FIGURES[name][1].values() if isinstance(one, pd.DataFrame)]
    return any({"ci_low", "n_patients"} <= set(one.columns) for one in frames)


COUNTED = [name for name in sorted(FIGURES) if counted(name) and name not in OF_ALL]


def drawn_of(name: str, n: int):
    draw, frames = FIGURES[name]
    few = {
        key: one.assign(n_patients=n) if isinstance(one, pd.DataFrame) and "n_patients" in one.columns else one
        for key, one in frames.items()
        if key not in ("patients", "facet_by")
    }
    return draw(**few)


def intervals(figure) -> int:
    """How many bars, bands and interval lines a figure has."""
    bars = [
        one
        for one in figure.findobj(LineCollection)
        if any(len(p) > 1 and np.isfinite(p).all() for p in one.get_segments())
    ]
    bands = [one for one in figure.findobj(PolyCollection) if len(one.get_paths())]
    return len(bars) + len(bands) + len(having(figure, "interval"))


@pytest.mark.parametrize("name", COUNTED)
def test_four_patients_are_points_and_words_and_five_have_intervals(name):
    few, enough = drawn_of(name, FEWEST - 1), drawn_of(name, FEWEST)
    assert intervals(few) == 0
    assert intervals(enough) > 0
    assert POINTS_ONLY in " ".join(texts(few).split())
    assert POINTS_ONLY not in " ".join(texts(enough).split())
    for said in (texts(few), alt_text(few)):
        assert re.findall(r"\d\.\d+ to [−\d]", said) == []


def test_the_figures_that_count_are_these():
    assert {"paired_means", "run_chart", "format_differences", "subgroups", "sensitivity", "overview"} <= set(COUNTED)


def test_vitals_of_four_measurements_have_no_quartiles():
    draw, frames = made_up.every_figure()["vitals"]
    figure = draw(vitals=frames["vitals"].assign(n=FEWEST - 1))
    assert intervals(figure) == 0
    assert "Of fewer than 5 measurements there is the mean without a bar." in texts(figure)
    assert "quartiles –" in alt_text(figure)


def test_a_withheld_number_and_a_frame_that_does_not_count_are_left_alone():
    frame = pd.DataFrame({"ci_low": [1.0, 1.0, 1.0], "ci_high": [2.0, 2.0, 2.0], "n_patients": [4, 5, None]})
    assert list(is_enough(frame)) == [False, True, True]
    assert list(of_enough(frame)["ci_low"].isna()) == [True, False, False]
    assert said_of_few(frame, None) == [POINTS_ONLY]
    assert said_of_few(frame.iloc[1:]) == []
    assert said_of_few(frame.assign(n_patients=0)) == []
    assert of_enough(frame.drop(columns="n_patients")).notna().all(axis=None)


def test_an_interval_of_few_is_told_as_that():
    row = pd.Series({"ci_low": -1.2, "ci_high": 3.4, "n_patients": FEWEST})
    assert interval_words(row) == "95% interval −1.2 to 3.4"
    assert interval_words(row, "df 81.4") == "95% interval −1.2 to 3.4; df 81.4"
    assert interval_words(row.replace(FEWEST, FEWEST - 1), "df 81.4") == "too few for an interval"
    assert interval_words(pd.Series({"ci_low": np.nan, "ci_high": np.nan, "n_patients": pd.NA})) == "95% interval –"
