"""Subgroups: what each side means, withheld levels, and a moderator that is missing."""

import numpy as np
import pandas as pd

from kap_analysis.figures.comparison.subgroups import plot_subgroups
from kap_analysis.figures.page.alternative_text import alt_text
from tests.figures.drawn import having, texts


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


def test_subgroups_with_withheld_levels():
    frame = pd.DataFrame(
        {"moderator": "age", "level": ["under 40", "40 and over"], "estimate": [1.0, np.nan], "ci_low": [0.0, np.nan],
         "ci_high": [2.0, np.nan], "n_patients": [50, np.nan], "withheld": [False, True]}
    )  # fmt: skip
    tests = pd.DataFrame({"moderator": ["age"], "p_value": [0.21]})
    figure = plot_subgroups(differences=frame, interactions=tests, width="single")
    assert "interaction p = 0.21" in texts(figure)
    assert len(having(figure, "estimate")) == 1


def test_no_subgroup_is_a_quiet_statement():
    figure = plot_subgroups(
        differences=pd.DataFrame(columns=["moderator", "level", "estimate", "ci_low", "ci_high", "n_patients"])
    )
    assert texts(figure).startswith("There is no subgroup to draw")
    assert alt_text(figure).startswith("There is no subgroup to draw")


def test_a_column_of_tests_without_any_is_not_there():
    frame = pd.DataFrame(
        {"moderator": "age", "level": ["30", "60"], "estimate": [1.0, 2.0], "ci_low": 0.0, "ci_high": 3.0,
         "n_patients": 50}
    )  # fmt: skip
    tests = pd.DataFrame({"moderator": ["age"], "p_value": [0.21]})
    assert "Interaction" in texts(plot_subgroups(differences=frame, interactions=tests))
    assert "Interaction" not in texts(plot_subgroups(differences=frame, interactions=tests.assign(p_value=np.nan)))
