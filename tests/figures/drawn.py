"""What a test reads of a figure: its words, its marks by name, and where they stand."""

import matplotlib
import numpy as np


def texts(figure) -> str:
    """Every word of a figure."""
    return "\n".join(t.get_text() for t in figure.findobj(matplotlib.text.Text))


def having(figure, gid: str) -> list:
    """The artists of a name (gid)."""
    return figure.findobj(lambda artist: artist.get_gid() == gid)


def marked(figure, beginning: str) -> list:
    """The artists whose name (gid) begins with a word."""
    return figure.findobj(lambda artist: (artist.get_gid() or "").startswith(beginning))


def cells(figure) -> list[str]:
    """The numbers beside the rows of a forest."""
    return [t.get_text() for t in having(figure, "cell")]


def drawn_values(figure, axis: str) -> set[float]:
    """Every finite coordinate of a drawn line or mark along one axis."""
    found: set[float] = set()
    for line in figure.findobj(matplotlib.lines.Line2D):
        values = np.atleast_1d(np.asarray(getattr(line, f"get_{axis}data")(), float))
        found |= {round(value, 6) for value in values if np.isfinite(value)}
    return found
