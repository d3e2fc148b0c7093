"""Alternative text: what a figure shows, in words, for readers who do not see it.

Each figure function writes the text from the frames that it draws and attaches it to the Figure it made (or to the
Axes it was given); :func:`alt_text` is the one way to read it, and :func:`describe` the one way to set it.
"""

import re
from collections.abc import Iterable
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

SHORT: Final = 300
"""The most characters of an alternative text that a screen reader says without being asked to."""
_ATTRIBUTE: Final = "kap_alternative_text"


def describe(artist: Figure | Axes, text: str) -> None:
    """Attach the alternative text to a figure or to Axes, in place of an earlier one."""
    setattr(artist, _ATTRIBUTE, " ".join(text.split()))


def alt_text(artist: Figure | Axes) -> str:
    """The alternative text of a figure, or of Axes.

    A Figure that was put together from given Axes answers with their texts, one after the other; a figure that this
    package did not draw answers with an empty text.
    """
    own = getattr(artist, _ATTRIBUTE, "")
    if own or not isinstance(artist, Figure):
        return str(own)
    texts: Iterable[str] = (getattr(ax, _ATTRIBUTE, "") for ax in artist.axes)
    return " ".join(text for text in texts if text)


def short_text(text: str) -> str:
    """The first sentences of an alternative text, at most 300 characters; the whole stands beside the picture.

    Where these are so short that they say little, the beginning of the next sentence follows.

    Examples
    --------
    >>> short_text("Bars of two formats. " + "Individual 12. " * 30)[-16:]
    ' Individual 12.'
    """
    if len(text) <= SHORT:
        return text
    kept = ""
    for sentence in re.split(r"(?<=[.!?]) (?=[A-Z\[])", text):
        longer = f"{kept} {sentence}".strip()
        if len(longer) > SHORT:
            break
        kept = longer
    return kept if len(kept) >= SHORT / 3 else f"{text[: SHORT - 1].rsplit(' ', 1)[0]}…"
