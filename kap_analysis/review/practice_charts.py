"""The charts of a practice: the course, the quarters, where it stands among many, group beside individual."""

import math
from typing import Final

import numpy as np
import pandas as pd
from markupsafe import Markup

from kap_analysis.columns import CI_HIGH, CI_LOW, ESTIMATE, FORMAT, FORMATS, MONTH, N_PATIENTS, VISIT
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.review.svg_marks import (
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Scale,
    line,
    nice_steps,
    path,
    point,
    score_axis,
    stripe,
    svg,
    text,
    value_axis,
)
from kap_analysis.writing.numbers import difference, estimate, interval, number
from kap_analysis.writing.small_numbers import of_enough

#: Width of a letter, with some room.
LETTER: Final = 8.5
MARKERS: Final = {"individual": "o", "group": "s", "mixed": "^"}


def course_chart(course: pd.DataFrame, instrument: Instrument) -> Markup:
    """Mean observed score by visit over the severity bands: a line per format, n below."""
    rows = of_enough(course[course[FORMAT] != "all"])
    arms = [arm for arm in FORMATS if (rows[FORMAT] == arm).any()]
    visits = list(dict.fromkeys(rows[VISIT].astype("str")))
    places = rows.groupby(rows[VISIT].astype("str"), sort=False)[MONTH].mean()
    low, high = instrument.total_range
    x, y = Scale(float(places.min()), float(max(places.max(), 1)), LEFT + 80, WIDTH - 96), Scale(low, high, 152.0, TOP)
    apart = np.diff([x(places[visit]) for visit in visits]).min(initial=WIDTH)
    lower = 16 if apart < LETTER * max(map(len, visits)) else 0  # every second name stands lower where two would touch
    height = 176.0 + lower + 18 * (len(arms) + 1)
    parts = score_axis(instrument, y, nice_steps(low, high))
    for place, arm in enumerate(arms):
        part = rows[rows[FORMAT] == arm].dropna(subset=["mean"])
        shift = 11.0 * (place - (len(arms) - 1) / 2)
        spots = [(x(row[MONTH]) + shift, y(row["mean"])) for row in part.to_dict("records")]
        parts.append(path(spots, f"course {arm}"))
        for (px, py), row in zip(spots, part.to_dict("records"), strict=True):
            words = f"{row[VISIT]}, {arm}: mean {number(row['mean'])}"
            if not np.isnan(row["ci_low"]):
                parts.append(line(px, y(max(row["ci_low"], low)), px, y(min(row["ci_high"], high)), f"whisker {arm}"))
                words += f" (95% interval {interval(row['ci_low'], row['ci_high'])})"
            parts.append(point(px, py, f"{words}, n = {row[N_PATIENTS]:.0f}", arm, MARKERS.get(arm, "D")))
    for place, visit in enumerate(visits):
        parts.append(text(x(places[visit]), 170 + lower * (place % 2), visit, "", "middle"))
    for place, arm in enumerate(arms):
        base = 188 + lower + 18 * place
        parts.append(text(2, base, f"n {arm}", f"key {arm}"))
        counted = rows[rows[FORMAT] == arm].set_index(rows.loc[rows[FORMAT] == arm, VISIT].astype("str"))[N_PATIENTS]
        parts += [text(x(places[v]), base, f"{counted[v]:.0f}", "", "middle") for v in visits if v in counted]
    return svg(parts, height, f"Mean {instrument.name} by visit and format over the severity bands")


def run_chart(quarters: pd.DataFrame, expected: pd.DataFrame, higher_is_better: bool) -> Markup:
    """The mean change of those who started in each quarter; the quarters under review are filled.

    The band is the change that the results of other practices lead to expect of the patients under review.
    """
    rows = quarters.reset_index(drop=True)
    known = rows["mean_change"].notna()
    band = (expected[[CI_LOW, CI_HIGH]].to_numpy(float) - expected[["baseline"]].to_numpy(float)).ravel()
    values = np.r_[rows.loc[known, "mean_change"], band, 0.0]
    spread = max(float(np.ptp(values)), 1.0)
    y = Scale(float(values.min() - 0.1 * spread), float(values.max() + 0.1 * spread), 112.0, TOP + 8)
    x = Scale(0, max(len(rows) - 1, 1), LEFT + 30, WIDTH - 64)
    parts: list[str] = []
    under_review = np.flatnonzero((rows["in_period"].astype(bool) & known).to_numpy())
    if len(band):
        first, last = (under_review[0], under_review[-1]) if len(under_review) else (0, len(rows) - 1)
        told = expected.iloc[0]
        change = difference(told[ESTIMATE] - told["baseline"])
        words = f"expected from other practices: mean change {change} (95% interval {interval(*band)})"
        left = x(first) - 12
        parts.append(stripe(left, y(band[1]), x(last) + 12 - left, y(band[0]) - y(band[1]), words))
    parts += value_axis(y, nice_steps(y.low, y.high))
    better = "↑" if higher_is_better else "↓"
    parts.append(text(2, TOP, f"mean change, points ({better} better)", "small"))
    centre = float(rows["centre"].iloc[0])
    parts.append(line(LEFT, y(centre), WIDTH - RIGHT, y(centre), "centre"))
    for _, run in rows[known].groupby((~known).cumsum()[known]):  # the line breaks where a quarter has nobody
        spots = [(x(float(i)), y(v)) for i, v in zip(run.index, run["mean_change"], strict=True)]
        parts.append(path(spots, "course whole"))
    every = math.ceil(LETTER * max(map(len, rows["start_period"])) / (x(1) - x(0)))
    for i, row in enumerate(rows.to_dict("records")):
        words = f"{row['start_period']}: mean change {difference(row['mean_change'])}, n = {row[N_PATIENTS]:.0f}"
        if not np.isnan(row["mean_change"]):
            parts.append(point(x(i), y(row["mean_change"]), words, "now" if row["in_period"] else "whole"))
        if i % every == 0:
            parts.append(text(x(i), 130, row["start_period"], "small", "middle"))
        parts.append(text(x(i), 146, f"{row[N_PATIENTS]:.0f}", "small", "middle"))
    parts.append(text(2, 146, "n", "small"))
    return svg(parts, 152, "Mean change of the patients who started in each quarter")


def funnel_chart(funnel: pd.DataFrame, higher_is_better: bool) -> Markup:
    """Practices by size: points above or below what their patients' starts lead to expect, within the 95% limits."""
    reach = float(max(funnel["difference"].abs().max(), funnel["high"].max())) * 1.1
    y = Scale(-reach, reach, 150.0, TOP)
    x = Scale(0, float(funnel[N_PATIENTS].max()) * 1.05, LEFT + 8, WIDTH - RIGHT)
    parts = value_axis(y, nice_steps(-reach, reach))
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
    for tick in nice_steps(0, x.high)[1:]:
        parts.append(text(x(tick), 166, f"{tick:g}", "small", "middle"))
    better = "↑" if higher_is_better else "↓"
    parts.append(text(WIDTH - RIGHT, 184, "patients scored →", "small", "end"))
    parts.append(text(LEFT + 8, 184, f"{better} better than expected", "small"))
    return svg(parts, 190, "Each practice by its number of patients and its distance from what was to be expected")


def difference_chart(row: pd.Series, unit: str, better_is_lower: bool) -> Markup:
    """One difference with its interval around zero; the sides say which format did better."""
    low, high, value = float(row["ci_low"]), float(row["ci_high"]), float(row["estimate"])
    reach = max(abs(low), abs(high)) * 1.15
    x = Scale(-reach, reach, 60.0, WIDTH - 60)
    parts = [line(x(0), 4, x(0), 38, "centre"), line(x(low), 21, x(high), 21, "whisker whole")]
    words = f"group minus individual {estimate(value, low, high)} {unit} (95% interval {interval(low, high)})"
    parts.append(point(x(value), 21, words, "now", "D"))
    for tick in nice_steps(-reach, reach):
        parts.append(text(x(tick), 54, f"{tick:g}".replace("-", "−"), "small", "middle"))
    sides = ("← group better", "individual better →") if better_is_lower else ("← individual better", "group better →")
    parts += [text(4, 70, sides[0], "small"), text(WIDTH - 4, 70, sides[1], "small", "end")]
    return svg(parts, 75, words)
