"""The chart of one patient: scores over the bands, and the sessions below."""

from typing import Final

import pandas as pd
from markupsafe import Markup, escape

from kap_analysis.columns import DAY, FORMAT, N_PATIENTS
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.review.svg_marks import (
    LEFT,
    TOP,
    Scale,
    line,
    nice_steps,
    path,
    point,
    score_axis,
    stripe,
    svg,
    text,
)
from kap_analysis.writing.numbers import number

PATIENT_WIDTH: Final = 400.0


def patient_scores_chart(
    scores: pd.DataFrame, instrument: Instrument, sessions: pd.DataFrame, ranges: pd.DataFrame, last_day: float
) -> Markup:
    """One patient's scores over the bands, with the ketamine sessions below."""
    low, high = instrument.total_range
    first = float(min(scores[DAY].min(), 0))
    x = Scale(first, max(last_day, first + 30), LEFT + 20, PATIENT_WIDTH - 100)
    y = Scale(low, high, 150.0, TOP)
    parts = score_axis(instrument, y, nice_steps(low, high)[::2], PATIENT_WIDTH)
    for row in ranges.to_dict("records"):
        top, bottom = y(row["high"]), y(row["low"])
        words = (
            f"{row['visit']}: 8 of 10 patients with such earlier scores from {row['low']:.0f} to {row['high']:.0f}, "
            f"worked out from {row[N_PATIENTS]:,.0f} patients"
        )
        parts.append(stripe(x(row[DAY]) - 7, top, 14, bottom - top, words))
    rows = scores.dropna(subset=["score"]).sort_values(DAY).to_dict("records")
    parts.append(path([(x(row[DAY]), y(row["score"])) for row in rows], "course whole"))
    parts += [
        point(x(row[DAY]), y(row["score"]), f"day {row[DAY]:.0f}: {number(row['score'], 0)}", "now") for row in rows
    ]
    parts.append(line(x(0), TOP, x(0), 162, "centre"))
    ketamine = sessions[sessions["kind"] == "ketamine"]
    for row in ketamine.to_dict("records"):
        dose = "" if pd.isna(row["dose_mg"]) else f", {row['dose_mg']:g} mg"
        route = "route not recorded" if pd.isna(row["route"]) else str(row["route"])
        words = escape(f"day {row[DAY]:.0f}: ketamine session, {row[FORMAT]}, {route}{dose}")
        parts.append(
            f'<g class="point session" tabindex="0" role="img" aria-label="{words}"><title>{words}</title>'
            f'<line x1="{x(row[DAY]):g}" y1="162" x2="{x(row[DAY]):g}" y2="172" class="session"/></g>'
        )
    parts.append(text(2, 172, "sessions", "small"))
    for tick in nice_steps(first, max(last_day, first + 30)):
        parts.append(text(x(tick), 188, f"{tick:g}".replace("-", "\u2212"), "small", "middle"))
    parts.append(text(PATIENT_WIDTH - 4, 188, "day", "small", "end"))
    return svg(
        parts, 194, f"{instrument.name} by day over the severity bands, with the ketamine sessions", PATIENT_WIDTH
    )
