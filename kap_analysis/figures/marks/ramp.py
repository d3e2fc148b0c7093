"""An ordered ramp of colours for bars that are stacked by severity, and the colour of the letters on them."""

from typing import Final

import matplotlib
from matplotlib.colors import to_hex, to_rgb

from kap_analysis.figures.page.style import Theme

_RAMP: Final = "Purples"
_FAINTEST, _STRONGEST = 0.22, 0.95


def severity_ramp(n: int, theme: Theme) -> list[str]:
    """``n`` colours from least to most, standing out more from the background the further they go."""
    colours = matplotlib.colormaps[_RAMP]
    places = [_FAINTEST + (_STRONGEST - _FAINTEST) * (k / max(n - 1, 1)) for k in range(n)]
    if theme.name == "dark":
        places = [1.0 - 0.9 * place for place in places]
    return [to_hex(colours(place)) for place in places]


def letters_on(colour: str) -> str:
    """Black or white, whichever is read better on a colour (relative luminance of WCAG 2)."""
    channels = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in to_rgb(colour)]
    luminance = 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
    return "#000000" if luminance > 0.179 else "#FFFFFF"
