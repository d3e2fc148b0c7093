"""A key of bar parts that stands beside the rows of numbers under an axis: the face of a part next to its name."""

from collections.abc import Mapping
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.transforms import Affine2D, ScaledTranslation

from kap_analysis.figures.page.style import LINE_HEIGHT, SMALL_PT, Theme


def draw_row_key(ax: Axes, faces: Mapping[str, Mapping[str, Any]], theme: Theme, *, gap: float, first: int = 1) -> None:
    """Draw the face of each part left of its row of :func:`numbers_under_axis`.

    Parameters
    ----------
    faces : mapping of str to mapping
        Part, in the order of the rows, to the settings of its rectangle.
    gap : float
        That of the numbers.
    first : int
        Row of the first part, counted from 1 under the heading.
    """
    figure = ax.get_figure(root=True)
    assert figure is not None
    points = Affine2D().scale(1 / 72) + figure.dpi_scale_trans + ScaledTranslation(0, 0, ax.transAxes)  # type: ignore[arg-type]
    step = SMALL_PT * LINE_HEIGHT
    for place, (part, face) in enumerate(faces.items(), start=first):
        corner = (-5.0, -gap - place * step - 6.6)
        with matplotlib.rc_context({"hatch.color": theme.muted}):
            key = Rectangle(corner, 6.0, 6.0, transform=points, clip_on=False, gid=f"key {part}", **face)
        key.set_in_layout(False)
        ax.add_artist(key)
