"""The love plot: differences before and after weighting stand where they were computed."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from kap_analysis.errors import FigureError
from kap_analysis.figures.page.alternative_text import alt_text
from kap_analysis.figures.sensitivity.balance import plot_balance

SMD = {"unweighted": [0.1, -0.84, 0.55], "ipw": [0.05, -0.27, 0.07], "overlap": [0.0, 0.0, 0.0]}


@pytest.fixture
def balance():
    rows = [("age", ""), ("baseline", ""), ("practice", "B")]
    return pd.DataFrame(
        [(*row, name, smd) for name, values in SMD.items() for row, smd in zip(rows, values, strict=True)],
        columns=["characteristic", "level", "weighting", "smd"],
    )


def lines(figure, gid):
    return [line for line in figure.findobj(matplotlib.lines.Line2D) if line.get_gid() == gid]


def test_rows_are_sorted_by_the_unweighted_difference_and_named_in_words(balance):
    ax = plot_balance(balance=balance).axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Baseline score", "Practice: B", "Age"]
    assert ax.yaxis_inverted()


def test_each_weighting_stands_at_its_differences_with_a_mark_of_its_own(balance):
    figure = plot_balance(balance=balance)
    marks = {}
    for name, (age, baseline, practice) in SMD.items():
        (line,) = lines(figure, f"smd {name}")
        assert list(line.get_xdata()) == [baseline, practice, age]
        marks[name] = line.get_marker()
    assert len(set(marks.values())) == 3


def test_the_threshold_is_drawn_on_both_sides(balance):
    figure = plot_balance(balance=balance, threshold=0.25)
    assert sorted(line.get_xdata()[0] for line in lines(figure, "threshold")) == [-0.25, 0.25]
    with pytest.raises(FigureError) as error:
        plot_balance(balance=balance, threshold=0.0)
    assert str(error.value) == "The threshold of a standardised difference is a positive number, not 0.0."


def test_the_alternative_text_counts_what_is_beyond_the_threshold(balance):
    text = alt_text(plot_balance(balance=balance))
    assert "Unweighted: largest −0.84 (Baseline score), 2 of 3 beyond ±0.1." in text
    assert "Overlap weights: largest 0.00, 0 of 3 beyond ±0.1." in text


def test_ticks_say_the_place_where_they_stand(balance):
    ax = plot_balance(balance=balance, width="single").axes[0]
    written = [float(ax.xaxis.get_major_formatter()(tick).replace("−", "-")) for tick in ax.get_xticks()]
    assert written == pytest.approx(list(ax.get_xticks()))


def test_no_difference_is_a_quiet_statement(balance):
    for frame in (balance.iloc[:0], balance.assign(smd=np.nan)):
        assert "There is no balance to draw" in alt_text(plot_balance(balance=frame))


def test_a_row_without_any_difference_is_named_below_and_takes_no_room(balance):
    first = balance["characteristic"].iloc[0]
    balance["smd"] = balance["smd"].mask(balance["characteristic"] == first)
    figure = plot_balance(balance=balance)
    assert not [label for label in figure.axes[0].get_yticklabels() if label.get_text().startswith(str(first))]
    assert "No difference is shown of:" in " ".join(text.get_text() for text in figure.texts)


def test_too_many_rows_are_refused(balance):
    many = pd.DataFrame(
        {"characteristic": [f"c{i}" for i in range(61)], "level": "", "weighting": "unweighted", "smd": 0.1}
    )
    with pytest.raises(FigureError, match="draws 60 rows at most, found 61; pool the rare levels"):
        plot_balance(balance=many)


def test_the_numbers_of_patients_stand_below(balance):
    rows = [("unweighted", "individual", 133, 133.0), ("unweighted", "group", 101, 101.0)]
    rows += [("ipw", "individual", 133, 96.4), ("ipw", "group", 101, 60.2)]
    sizes = pd.DataFrame(rows, columns=["weighting", "format", "n_patients", "effective"])
    figure = plot_balance(balance=balance, effective_sample_size=sizes)
    said = "Patients: individual 133, group 101; effective after inverse-probability weights: individual 96, group 60."
    words = " ".join(" ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text)).split())
    assert said in words
    assert said in alt_text(figure)
