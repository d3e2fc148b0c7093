"""Figure of a planned study: lines over two parts of the design, a curve over one."""

import pandas as pd
import pytest

from kap_analysis.errors import FigureError
from kap_analysis.figures.planning.planned_study import plot_planned_study
from tests.figures.drawn import texts

GRID = pd.DataFrame(
    [(c, i, 0.9 - 3 / c - 10 / i, 40 / c**0.5 + 100 / i) for c in (10, 20, 40) for i in (50, 100, 200)],
    columns=["cohorts", "individual", "power", "width"],
)


@pytest.mark.parametrize("measure", ["power", "width"])
def test_two_fields_are_axes_and_the_design_is_marked(measure):
    figure = plot_planned_study(grid=GRID, measure=measure, design={"cohorts": 20, "individual": 100})
    said = texts(figure)
    assert "Therapy groups (cohorts)" in said and "Patients in individual format" in said
    assert "the planned design" in said
    mark = figure.axes[0].get_lines()[-1]
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (20, 100)
    assert "the planned design" not in texts(plot_planned_study(grid=GRID, measure=measure))


@pytest.mark.parametrize("measure", ["power", "width"])
def test_one_field_is_a_curve_through_its_values(measure):
    one = GRID[GRID["individual"] == 100]
    curve = plot_planned_study(grid=one, measure=measure).axes[0].get_lines()[0]
    assert list(curve.get_xdata()) == one["cohorts"].tolist()
    assert list(curve.get_ydata()) == one[measure].tolist()


def test_one_design_and_a_grid_that_tests_nothing_say_so():
    assert "one design. Power: 40%" in texts(plot_planned_study(grid=GRID.iloc[:1], measure="power"))
    assert "no power to draw" in texts(plot_planned_study(grid=GRID.assign(power=float("nan")), measure="power"))


def test_what_cannot_be_drawn_is_one_sentence():
    with pytest.raises(FigureError, match="draws power or width; measure is 'precision'"):
        plot_planned_study(grid=GRID, measure="precision")
    with pytest.raises(FigureError, match="one or two fields"):
        plot_planned_study(grid=GRID.assign(icc=[0.1 * k for k in range(len(GRID))]))


SMALLEST = pd.DataFrame(
    {
        "target": ["power", "width"], "value": [0.62, 8.4], "reached": True, "cohorts": 25, "individual": 120,
        "n_patients": 208,
    }
)  # fmt: skip


@pytest.mark.parametrize("measure", ["power", "width"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [89, 183])
def test_every_line_has_its_number_inside_the_axes(measure, theme, width):
    figure = plot_planned_study(grid=GRID, measure=measure, smallest=SMALLEST, theme=theme, width=width)
    ax = figure.axes[0]
    lines = [line for line in ax.get_lines() if str(line.get_gid()).startswith("line ")]
    labels = [text for text in ax.texts if str(text.get_gid()).startswith("label line ")]
    assert sorted(line.get_gid() for line in lines) == sorted(text.get_gid().removeprefix("label ") for text in labels)
    figure.draw_without_rendering()
    for text in labels:
        box = text.get_window_extent()
        assert (box.min >= ax.bbox.min).all() and (box.max <= ax.bbox.max).all(), text


def test_the_line_of_the_target_stands_out_and_the_smallest_design_is_marked():
    figure = plot_planned_study(grid=GRID, measure="power", smallest=SMALLEST)
    widths = {line.get_gid(): line.get_linewidth() for line in figure.axes[0].get_lines() if line.get_gid()}
    assert widths["line 0.62"] > 2 * max(wide for gid, wide in widths.items() if gid in ("line 0.5", "line 0.7"))
    (mark,) = [line for line in figure.axes[0].get_lines() if line.get_gid() == "smallest"]
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (25, 120)
    assert "the target, 62%" in texts(figure) and "the smallest design" in texts(figure)
    outside = plot_planned_study(grid=GRID, measure="power", smallest=SMALLEST.assign(cohorts=400))
    assert "has 400 cohorts and 120 individual patients; it is not among those drawn" in texts(outside).replace(
        "\n", " "
    )


def test_the_interval_of_the_width_is_named_by_its_alpha():
    assert "width of the 90% interval" in texts(plot_planned_study(grid=GRID, design={"alpha": 0.1}))


def test_marks_on_the_edge_of_the_grid_are_whole_and_lie_on_each_other_without_hiding():
    """The planned design in a corner was a small triangle, and covered the circle of the smallest one."""
    small = SMALLEST.assign(cohorts=40, individual=200)
    figure = plot_planned_study(grid=GRID, design={"cohorts": 40, "individual": 200}, smallest=small)
    planned, smallest = (
        next(one for one in figure.axes[0].get_lines() if one.get_gid() == gid) for gid in ("planned", "smallest")
    )
    assert not planned.get_clip_on() and not smallest.get_clip_on()
    assert smallest.get_markerfacecolor() == "none"
    assert smallest.get_markersize() > planned.get_markersize() * 2**0.5 + smallest.get_markeredgewidth()
