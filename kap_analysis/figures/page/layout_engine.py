"""Constrained layout with the same last digits every time: the order in which its solver works is not set."""

from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.transforms import Bbox

#: Decimals of a position, in shares of the figure: a hundred thousandth of a millimetre.
DECIMALS: Final = 7


class SteadyLayout(ConstrainedLayoutEngine):
    """Constrained layout whose positions are rounded, so that the same figure gives the same bytes."""

    def execute(self, fig: Figure) -> Any:
        """Place the Axes."""
        grids = super().execute(fig)
        for ax in fig.axes:
            is_placed = ax.get_in_layout()
            ax.set_position(Bbox(np.round(ax.get_position(original=True).get_points(), DECIMALS)), which="original")
            ax.set_in_layout(is_placed)  # setting a position takes Axes out of the layout
        return grids
