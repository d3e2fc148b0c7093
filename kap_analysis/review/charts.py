"""Charts of a page as SVG of its own: they take the page's colours, and each point says its value on hover or focus.

Figures for paper are in ``figures/``. These are parts of a web page: text stays text, light and dark come from the
page, and nothing is drawn before it is shown. Colours and markers of the formats are those of the figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from markupsafe import Markup, escape

from kap_analysis.columns import DAY, FORMAT, FORMATS, MONTH, N_PATIENTS, VISIT
from kap_analysis.figures.marks.small_numbers import of_enough
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.writing.numbers import difference, interval, number

WIDTH: Final = 640.0
PATIENT_WIDTH: Final = 400.0
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


def line(x1: float, y1: float, x2: float, y2: float, classes: str) -> str:
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" class="{classes}"/>'


def path(places: Sequence[tuple[float, float]], classes: str) -> str:
    return f'<path class="{classes}" d="M{" L".join(f"{x:g} {y:g}" for x, y in places)}"/>' if len(places) > 1 else ""


def bands(instrument: Instrument, y: Scale, width: float = WIDTH) -> list[str]:
    """The severity bands as stripes with their names at the right; none where the instrument has none."""
    if not instrument.band_sets:
        return []
    found = instrument.bands()
    parts = []
    for place, band in enumerate(found):
        low = y.low if place == 0 else (found[place - 1].high + band.low) / 2
        high = y.high if place == len(found) - 1 else (band.high + found[place + 1].low) / 2
        top, bottom = y(min(high, y.high)), y(max(low, y.low))
        if bottom - top < 1 or high <= y.low or low >= y.high:
            continue
        parts.append(
            f'<rect x="{LEFT:g}" y="{top:g}" width="{width - LEFT - RIGHT:g}" height="{bottom - top:g}" '
            f'class="band {"odd" if place % 2 else "even"}"/>'
        )
        parts.append(text(width - RIGHT - 4, (top + bottom) / 2 + 4, band.label, "quiet", "end"))
    return parts


def course_chart(course: pd.DataFrame, instrument: Instrument) -> Markup:
    """Mean observed score by visit over the severity bands: a line per format, n below."""
    rows = of_enough(course[course[FORMAT] != "all"])
    arms = [arm for arm in FORMATS if (rows[FORMAT] == arm).any()]
    visits = list(dict.fromkeys(rows[VISIT].astype("str")))
    places = rows.groupby(rows[VISIT].astype("str"), sort=False)[MONTH].mean()
    height = 250.0 + 18 * (len(arms) + 1)
    low, high = instrument.total_range
    x, y = Scale(float(places.min()), float(max(places.max(), 1)), LEFT + 80, WIDTH - 96), Scale(low, high, 226.0, TOP)
    parts = bands(instrument, y) + _value_axis(y, nice_steps(low, high))
    for place, arm in enumerate(arms):
        part = rows[rows[FORMAT] == arm].dropna(subset=["mean"])
        shift = 5.0 * (place - (len(arms) - 1) / 2)
        spots = [(x(row[MONTH]) + shift, y(row["mean"])) for row in part.to_dict("records")]
        parts.append(path(spots, f"course {arm}"))
        for (px, py), row in zip(spots, part.to_dict("records"), strict=True):
            words = f"{row[VISIT]}, {arm}: mean {number(row['mean'])}"
            if not np.isnan(row["ci_low"]):
                parts.append(line(px, y(max(row["ci_low"], low)), px, y(min(row["ci_high"], high)), f"whisker {arm}"))
                words += f" (95% interval {interval(row['ci_low'], row['ci_high'])})"
            parts.append(point(px, py, f"{words}, n = {row[N_PATIENTS]:.0f}", arm, MARKERS.get(arm, "D")))
    for visit in visits:
        parts.append(text(x(places[visit]), 244, visit, "", "middle"))
    for place, arm in enumerate(arms):
        base = 262 + 18 * place
        parts.append(text(2, base, f"n {arm}", f"key {arm}"))
        counted = rows[rows[FORMAT] == arm].set_index(rows.loc[rows[FORMAT] == arm, VISIT].astype("str"))[N_PATIENTS]
        parts += [text(x(places[v]), base, f"{counted[v]:.0f}", "", "middle") for v in visits if v in counted]
    return svg(parts, height, f"Mean {instrument.name} by visit and format over the severity bands")


MARKERS: Final = {"individual": "o", "group": "s", "mixed": "^"}


def nice_steps(low: float, high: float) -> list[float]:
    """Round numbers from low to high, some four to seven."""
    raw = (high - low) / 6
    size = 10.0 ** np.floor(np.log10(raw))
    step = next(size * m for m in (1, 2, 5, 10) if size * m >= raw)
    first = np.ceil(low / step) * step
    return [float(v) + 0.0 for v in np.arange(first, high + step / 1e6, step)]


def _value_axis(y: Scale, ticks: Sequence[float], width: float = WIDTH) -> list[str]:
    parts = []
    for tick in ticks:
        parts.append(line(LEFT, y(tick), width - RIGHT, y(tick), "grid"))
        parts.append(text(LEFT - 6, y(tick) + 4, f"{tick:g}".replace("-", "−"), "quiet", "end"))
    return parts


def run_chart(quarters: pd.DataFrame) -> Markup:
    """The mean change of those who started in each quarter; the quarters under review are filled."""
    rows = quarters.dropna(subset=["mean_change"])
    values = np.r_[rows["mean_change"], 0.0]
    spread = max(float(np.ptp(values)), 1.0)
    y = Scale(float(values.min() - 0.1 * spread), float(values.max() + 0.1 * spread), 170.0, TOP)
    x = Scale(0, max(len(rows) - 1, 1), LEFT + 30, WIDTH - 40)
    parts = _value_axis(y, nice_steps(y.low, y.high))
    centre = float(rows["centre"].iloc[0])
    parts.append(line(LEFT, y(centre), WIDTH - RIGHT, y(centre), "centre"))
    parts.append(path([(x(i), y(v)) for i, v in enumerate(rows["mean_change"])], "course whole"))
    every = -(-len(rows) // 7)
    for i, row in enumerate(rows.to_dict("records")):
        words = f"{row['start_period']}: mean change {difference(row['mean_change'])}, n = {row[N_PATIENTS]:.0f}"
        parts.append(point(x(i), y(row["mean_change"]), words, "now" if row["in_period"] else "whole"))
        if i % every == 0:
            parts.append(text(x(i), 190, row["start_period"], "small", "middle"))
        parts.append(text(x(i), 206, f"{row[N_PATIENTS]:.0f}", "small", "middle"))
    parts.append(text(2, 206, "n", "small"))
    return svg(parts, 212, "Mean change of the patients who started in each quarter")


def funnel_chart(funnel: pd.DataFrame) -> Markup:
    """Practices by size: points above or below what their patients' starts lead to expect, within the 95% limits."""
    reach = float(max(funnel["difference"].abs().max(), funnel["high"].max())) * 1.1
    y = Scale(-reach, reach, 190.0, TOP)
    x = Scale(0, float(funnel[N_PATIENTS].max()) * 1.05, LEFT + 8, WIDTH - RIGHT)
    parts = _value_axis(y, nice_steps(-reach, reach))
    sizes = np.linspace(funnel[N_PATIENTS].min(), funnel[N_PATIENTS].max(), 40)
    scale = float((funnel["high"] * np.sqrt(funnel[N_PATIENTS])).iloc[0])
    for side in (-1, 1):
        parts.append(path([(x(n), y(side * scale / np.sqrt(n))) for n in sizes], "limit"))
    for row in funnel.to_dict("records"):
        whose = "this practice" if row["is_this_practice"] else "another practice"
        words = f"{whose}: {difference(row['difference'])} points, n = {row[N_PATIENTS]:.0f}"
        parts.append(
            point(x(row[N_PATIENTS]), y(row["difference"]), words, "now" if row["is_this_practice"] else "whole")
        )
    parts.append(text(WIDTH - RIGHT, 208, "patients scored →", "small", "end"))
    return svg(parts, 212, "Each practice by its number of patients and its distance from what was to be expected")


def difference_chart(row: pd.Series, unit: str, better_is_lower: bool) -> Markup:
    """One difference with its interval around zero; the sides say which format did better."""
    low, high, value = float(row["ci_low"]), float(row["ci_high"]), float(row["estimate"])
    reach = max(abs(low), abs(high)) * 1.15
    x = Scale(-reach, reach, 60.0, WIDTH - 60)
    parts = [line(x(0), 8, x(0), 46, "centre"), line(x(low), 26, x(high), 26, "whisker whole")]
    words = f"group minus individual {difference(value)} {unit} (95% interval {interval(low, high)})"
    parts.append(point(x(value), 26, words, "now", "D"))
    for tick in nice_steps(-reach, reach):
        parts.append(text(x(tick), 62, f"{tick:g}".replace("-", "−"), "small", "middle"))
    sides = ("← group better", "individual better →") if better_is_lower else ("← individual better", "group better →")
    parts += [text(4, 80, sides[0], "small"), text(WIDTH - 4, 80, sides[1], "small", "end")]
    return svg(parts, 86, words)


def patient_chart(
    scores: pd.DataFrame, instrument: Instrument, sessions: pd.DataFrame, ranges: pd.DataFrame, last_day: float
) -> Markup:
    """One patient's scores over the bands, with the ketamine sessions below: the letter is the route."""
    low, high = instrument.total_range
    first = float(min(scores[DAY].min(), 0))
    x = Scale(first, max(last_day, first + 30), LEFT + 14, PATIENT_WIDTH - 100)
    y = Scale(low, high, 150.0, TOP)
    parts = bands(instrument, y, PATIENT_WIDTH) + _value_axis(y, nice_steps(low, high)[::2], PATIENT_WIDTH)
    for row in ranges.to_dict("records"):
        top, bottom = y(row["high"]), y(row["low"])
        words = f"{row['visit']}: 80% of {row['n_similar']} similar patients from {row['low']:.0f} to {row['high']:.0f}"
        parts.append(
            f'<g class="expected" tabindex="0" role="img" aria-label="{escape(words)}"><title>{escape(words)}</title>'
            f'<rect x="{x(row[DAY]) - 7:g}" y="{top:g}" width="14" height="{max(bottom - top, 2):g}"/></g>'
        )
    rows = scores.dropna(subset=["score"]).sort_values(DAY).to_dict("records")
    parts.append(path([(x(row[DAY]), y(row["score"])) for row in rows], "course whole"))
    parts += [
        point(x(row[DAY]), y(row["score"]), f"day {row[DAY]:.0f}: {number(row['score'], 0)}", "now") for row in rows
    ]
    parts.append(line(x(0), TOP, x(0), 158, "centre"))
    ketamine = sessions[sessions["kind"] == "ketamine"]
    for row in ketamine.to_dict("records"):
        dose = "" if pd.isna(row["dose_mg"]) else f", {row['dose_mg']:g} mg"
        route = "route not recorded" if pd.isna(row["route"]) else str(row["route"])
        words = escape(f"day {row[DAY]:.0f}: ketamine session, {row[FORMAT]}, {route}{dose}")
        parts.append(
            f'<g class="point session" tabindex="0" role="img" aria-label="{words}"><title>{words}</title>'
            f'<line x1="{x(row[DAY]):g}" y1="156" x2="{x(row[DAY]):g}" y2="166" class="session"/></g>'
        )
    parts.append(text(2, 166, "sessions", "small"))
    for tick in nice_steps(first, max(last_day, first + 30)):
        parts.append(text(x(tick), 182, f"{tick:g}".replace("-", "\u2212"), "small", "middle"))
    parts.append(text(PATIENT_WIDTH - 4, 182, "day", "small", "end"))
    return svg(
        parts, 188, f"{instrument.name} by day over the severity bands, with the ketamine sessions", PATIENT_WIDTH
    )
