"""Marks of the charts of a page, as SVG of its own: they take the page's colours, and a point says its value.

Figures for paper are in ``figures/``. These are parts of a web page: text stays text, light and dark come from the
page, and nothing is drawn before it is shown. Colours and markers of the formats are those of the figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup, escape

from kap_analysis.instruments.instrument import Instrument
from kap_analysis.writing.numbers import round_step

#: Of a chart that fills a telephone or half a sheet: there its letters are still some 11 px, 8 points.
WIDTH: Final = 480.0
LEFT: Final = 44.0
RIGHT: Final = 12.0
TOP: Final = 10.0


@dataclass(frozen=True, slots=True)
class Scale:
    """Numbers to places on the page, along one axis."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 1)


def svg(parts: Sequence[str], height: float, label: str, width: float = WIDTH) -> Markup:
    """The drawing with what it shows in words; it shrinks with the page."""
    inside = Markup("").join(Markup(part) for part in parts)
    return Markup(
        '<svg viewBox="0 0 {:g} {:g}" role="group" aria-label="{}" xmlns="http://www.w3.org/2000/svg">{}</svg>'
    ).format(width, height, label, inside)


def text(x: float, y: float, words: object, classes: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{classes}" text-anchor="{anchor}">{escape(words)}</text>'


def point(x: float, y: float, words: str, classes: str, marker: str = "o") -> str:
    """A marker that can be reached by keyboard and says its value."""
    shape = {
        "o": f'<circle cx="{x:g}" cy="{y:g}" r="5"/>',
        "s": f'<rect x="{x - 4.5:g}" y="{y - 4.5:g}" width="9" height="9"/>',
        "^": f'<path d="M{x:g} {y - 6:g} L{x + 5.5:g} {y + 4.5:g} L{x - 5.5:g} {y + 4.5:g} Z"/>',
        "D": f'<path d="M{x:g} {y - 6:g} L{x + 6:g} {y:g} L{x:g} {y + 6:g} L{x - 6:g} {y:g} Z"/>',
    }[marker]
    said = escape(words)
    return f'<g class="point {classes}" tabindex="0" role="img" aria-label="{said}"><title>{said}</title>{shape}</g>'


def stripe(x: float, y: float, width: float, height: float, words: str) -> str:
    """A range that can be reached by keyboard and says its ends."""
    said = escape(words)
    return (
        f'<g class="point expected" tabindex="0" role="img" aria-label="{said}"><title>{said}</title>'
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{max(height, 2):g}"/></g>'
    )


def line(x1: float, y1: float, x2: float, y2: float, classes: str) -> str:
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" class="{classes}"/>'


def path(places: Sequence[tuple[float, float]], classes: str) -> str:
    return f'<path class="{classes}" d="M{" L".join(f"{x:g} {y:g}" for x, y in places)}"/>' if len(places) > 1 else ""


def score_axis(instrument: Instrument, y: Scale, ticks: Sequence[float], width: float = WIDTH) -> list[str]:
    """The axis of scores over the severity bands, whose names stand at the right, over its lines."""
    stripes, names = _bands(instrument, y, width)
    return [*stripes, *value_axis(y, ticks, width), *names]


def _bands(instrument: Instrument, y: Scale, width: float) -> tuple[list[str], list[str]]:
    """The severity bands as stripes, and their names; none where the instrument has none."""
    stripes: list[str] = []
    names: list[str] = []
    found = instrument.bands() if instrument.band_sets else ()
    for place, band in enumerate(found):
        low = y.low if place == 0 else (found[place - 1].high + band.low) / 2
        high = y.high if place == len(found) - 1 else (band.high + found[place + 1].low) / 2
        top, bottom = y(min(high, y.high)), y(max(low, y.low))
        if bottom - top < 1 or high <= y.low or low >= y.high:
            continue
        kind = "odd" if place % 2 else "even"
        stripes.append(
            f'<rect x="{LEFT:g}" y="{top:g}" width="{width - LEFT - RIGHT:g}" height="{bottom - top:g}" '
            f'class="band {kind}"/>'
        )
        names.append(text(width - RIGHT - 4, (top + bottom) / 2 + 4, band.label, f"quiet name {kind}", "end"))
    return stripes, names


def nice_steps(low: float, high: float) -> list[float]:
    """Round numbers from low to high, some four to seven."""
    step = round_step((high - low) / 6)
    first = np.ceil(low / step) * step
    return [float(v) + 0.0 for v in np.arange(first, high + step / 1e6, step)]


def value_axis(y: Scale, ticks: Sequence[float], width: float = WIDTH) -> list[str]:
    parts = []
    for tick in ticks:
        parts.append(line(LEFT, y(tick), width - RIGHT, y(tick), "grid"))
        parts.append(text(LEFT - 6, y(tick) + 4, f"{tick:g}".replace("-", "−"), "quiet", "end"))
    return parts
