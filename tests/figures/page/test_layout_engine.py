"""Positions that are rounded: the solver of the layout may differ in the last bits from run to run."""

import numpy as np
from matplotlib.figure import Figure

from kap_analysis.figures.page.layout_engine import DECIMALS, SteadyLayout


def test_axes_stand_at_rounded_places_and_stay_in_the_layout():
    figure = Figure(figsize=(7, 4), layout=SteadyLayout())
    for ax in figure.subplots(3, 2).flat:
        ax.set_ylabel("Score")
    figure.draw_without_rendering()
    first = [ax.get_position(original=True).get_points() for ax in figure.axes]
    assert all((points == np.round(points, DECIMALS)).all() for points in first)
    figure.set_figheight(6)
    figure.draw_without_rendering()
    assert all(
        ax.get_position(original=True).height != points[1, 1] - points[0, 1]
        for ax, points in zip(figure.axes, first, strict=True)
    )
