"""A figure of trajectories in words: its first and last values, and what its marks and lines are."""

import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, N_PATIENTS, VISIT
from kap_analysis.figures.change.trajectory_layers import Layers
from kap_analysis.figures.marks.time_axis import SESSION, THOSE_WHO_STOP, time_word
from kap_analysis.figures.page.frames import rows_of
from kap_analysis.figures.page.page import Page
from kap_analysis.figures.page.scales import Scale
from kap_analysis.writing.numbers import count, number, with_interval
from kap_analysis.writing.sentences import join_words, sentence_case
from kap_analysis.writing.small_numbers import is_enough


def say_trajectories(page: Page, scale: Scale, formats: list[str], layers: Layers, time: str, facets: str) -> None:
    """Tell the first and the last value of each format, and what marks and lines are; ``facets`` names the panels."""
    frame, value = layers.leading
    kind = "adjusted mean" if layers.adjusted is not None else "observed mean" if value == "mean" else "model mean"
    with_curves = " and curves of the model" if value == "mean" and layers.curves is not None else ""
    by = join_words([time_word(time), "format", *([facets] if facets else [])])
    page.describe(f"{scale.name} by {by}, {kind}s (95% intervals){with_curves}.")
    for name in formats:
        one = rows_of(frame, name).dropna(subset=[value]).sort_values(time)
        if one.empty:
            continue
        ends = [_told(row, value, time) for _, row in one.iloc[[0, -1] if len(one) > 1 else [0]].iterrows()]
        page.describe(f"{sentence_case(name)}: {', then '.join(ends)}.")
    for sentence in _legend(layers, time):
        page.note(sentence)


def _told(row: pd.Series, value: str, time: str) -> str:
    n = f" (n = {count(row[N_PATIENTS])})" if N_PATIENTS in row.index else ""
    has_interval = not pd.isna(row[CI_LOW]) and bool(is_enough(row.to_frame().T)[0])
    written = with_interval(row[value], row[CI_LOW], row[CI_HIGH]) if has_interval else number(row[value])
    return f"{written} at {_name_of_time(row, time)}{n}"


def _legend(layers: Layers, time: str) -> list[str]:
    """What the marks and lines are, in sentences."""
    said = []
    if layers.adjusted is not None:
        said.append("Adjusted means: primary model, from one common baseline, the mean of all patients analysed.")
        if layers.means is not None:
            said.append("Observed means: of the patients who were assessed, from where each format began.")
    elif layers.curves is not None and layers.means is not None:
        said.append(
            "Lines with bands: model means with 95% intervals, from where each format began. "
            "Marks: observed means with 95% intervals."
        )
    elif layers.means is not None:
        bars = " with 95% intervals" if layers.means[CI_LOW].notna().any() else ""
        said.append(f"Marks: observed means{bars}, of the patients who were assessed.")
    if time == SESSION:
        said.append(THOSE_WHO_STOP)
    return said


def _name_of_time(row: pd.Series, time: str) -> str:
    return str(row[VISIT]) if VISIT in row.index and not pd.isna(row[VISIT]) else f"{time_word(time)} {row[time]:g}"
