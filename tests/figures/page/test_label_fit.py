"""Names in lines: no wider than their room, brackets kept together, short ones left alone."""

import numpy as np
from matplotlib.figure import Figure

from kap_analysis.figures.marks.label_places import place_labels
from kap_analysis.figures.page.label_fit import fit_labels, lines_within, tick_lines
from kap_analysis.figures.page.text_size import text_width

NAME = "Échelle d’évaluation de la dépression résistante, forme longue révisée"


def test_lines_are_no_wider_than_their_room_and_lose_no_word():
    lines = lines_within(NAME, 120, size=8)
    assert max(text_width(line, size=8) for line in lines) <= 120
    assert " ".join(lines) == NAME


def test_brackets_go_to_a_line_of_their_own_before_words_are_parted():
    assert lines_within("BDI-II score (0 to 63, lower is better)", 130, size=8) == [
        "BDI-II score", "(0 to 63, lower is better)",
    ]  # fmt: skip
    assert lines_within("BDI-II score", 130, size=8) == ["BDI-II score"]


def test_ticks_say_how_much_taller_they_became():
    assert tick_lines(["Baseline", "Month 1"], 200) == (["Baseline", "Month 1"], 0)
    labels, taller = tick_lines(["After the last ketamine session"], 60)
    assert labels[0].count("\n") >= 1
    assert taller > 7


def test_a_figure_grows_by_the_lines_of_its_labels_and_keeps_short_ones():
    figure = Figure(figsize=(3.5, 3), layout="constrained")
    ax = figure.subplots()
    ax.set_xlabel(NAME)
    ax.set_ylabel("Score")
    fit_labels(figure, [ax])
    figure.draw_without_rendering()
    assert figure.get_figheight() > 3
    assert ax.get_ylabel() == "Score"
    box = ax.xaxis.label.get_window_extent()
    assert box.x0 >= 0 and box.x1 <= figure.bbox.width


def test_names_of_marks_avoid_marks_names_and_edges():
    points = np.array([[95.0, 50.0], [95.0, 52.0]])
    offsets = np.array(place_labels(points, [20.0, 20.0], points, (100.0, 100.0), line=0.0))
    middles = points + offsets
    assert (middles[:, 0] + 10 <= 100).all()
    assert abs(middles[0] - middles[1]).max() > 9
