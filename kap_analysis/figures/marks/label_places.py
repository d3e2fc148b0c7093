"""Places for the names of a few marks among many: off the marks, off each other, inside the panel."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from kap_analysis.figures.page.style import LINE_HEIGHT, SMALL_PT

_DISTANCES: Final = (5.0, 10.0, 16.0, 24.0, 34.0, 46.0)
_DIRECTIONS: Final = ((1, 0), (-1, 0), (1, 1), (-1, 1), (0, 1), (1, -1), (-1, -1), (0, -1))
_PAD: Final = 3.0
"""Points that a mark reaches beyond its middle, with a little air."""
_TALL: Final = SMALL_PT * LINE_HEIGHT
_ON_A_NAME, _OUTSIDE, _ON_A_MARK, _ON_THE_LINE = 1e5, 400.0, 60.0, 25.0


def place_labels(
    points: np.ndarray, wide: Sequence[float], marks: np.ndarray, size: tuple[float, float], line: float
) -> list[tuple[float, float]]:
    """Offsets of the middles of names from the marks that they name, in points.

    Parameters
    ----------
    points : array, (names, 2)
        Where the named marks are, in points from the lower left corner of the panel.
    wide : sequence of float
        Widths of the names.
    marks : array, (marks, 2)
        All marks.
    size : tuple of float
        Width and height of the panel.
    line : float
        Position of a vertical line that names had better not cross.
    """
    taken: list[np.ndarray] = []
    found = []
    for point, width in zip(points, wide, strict=True):
        offsets = [_offset(direction, distance, width) for distance in _DISTANCES for direction in _DIRECTIONS]
        boxes = [_box(point + offset, width) for offset in offsets]
        costs = [
            _cost(box, marks, taken, size, line) + float(np.hypot(*offset))
            for box, offset in zip(boxes, offsets, strict=True)
        ]
        best = int(np.argmin(costs))
        taken.append(boxes[best])
        found.append((float(offsets[best][0]), float(offsets[best][1])))
    return found


def _offset(direction: tuple[int, int], distance: float, width: float) -> np.ndarray:
    across, up = direction
    return np.array([across * (distance + width / 2), up * (distance + (_TALL / 2 if across == 0 else 0))])


def _box(middle: np.ndarray, width: float) -> np.ndarray:
    """Left, bottom, right, top."""
    half = np.array([width / 2 + 1, _TALL / 2])
    return np.concatenate([middle - half, middle + half])


def _cost(box: np.ndarray, marks: np.ndarray, taken: list[np.ndarray], size: tuple[float, float], line: float) -> float:
    inside = (marks > box[:2] - _PAD).all(axis=1) & (marks < box[2:] + _PAD).all(axis=1)
    names = sum(bool((box[:2] < other[2:]).all() and (other[:2] < box[2:]).all()) for other in taken)
    outside = float(np.maximum(0, -box[:2]).sum() + np.maximum(0, box[2:] - np.array(size)).sum())
    crossed = box[0] < line < box[2]
    return (
        _ON_A_NAME * names
        + (_OUTSIDE + outside) * (outside > 0)
        + _ON_A_MARK * float(inside.sum())
        + _ON_THE_LINE * crossed
    )
