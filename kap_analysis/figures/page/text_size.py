"""How wide a text is before it is drawn."""

from functools import lru_cache
from typing import Final

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from kap_analysis.figures.page.fonts import FAMILY, families_for, is_writable
from kap_analysis.figures.page.style import SMALL_PT

_OUTLINES: Final = TextToPath()


@lru_cache(maxsize=4096)
def text_width(text: str, *, size: float = SMALL_PT, bold: bool = False) -> float:
    """Width of a text in points, as the font sets it."""
    if not text.strip():
        return 0.0
    if not is_writable(text):
        text = "".join(letter if is_writable(letter) else "0" for letter in text)  # numbered when it is drawn
    families = families_for(text)
    weight = "bold" if bold and families == list(FAMILY) else "normal"
    font = FontProperties(family=families, weight=weight, size=size)
    return float(_OUTLINES.get_text_width_height_descent(text, font, ismath=False)[0])
