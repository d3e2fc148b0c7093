"""How wide a text is before it is drawn."""

from functools import lru_cache
from typing import Final

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from kap_analysis.figures.page.style import FONT, SMALL_PT

_OUTLINES: Final = TextToPath()


@lru_cache(maxsize=4096)
def text_width(text: str, *, size: float = SMALL_PT, bold: bool = False) -> float:
    """Width of a text in points, as the font sets it."""
    if not text.strip():
        return 0.0
    font = FontProperties(family=FONT, weight="bold" if bold else "normal", size=size)
    return float(_OUTLINES.get_text_width_height_descent(text, font, ismath=False)[0])
