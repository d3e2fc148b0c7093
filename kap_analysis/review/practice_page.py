"""The review of a practice as one page of HTML, and the confidential list beside it."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kap_analysis.columns import FORMAT, FORMATS, N_PATIENTS, VISIT
from kap_analysis.errors import ReportError
from kap_analysis.figures.marks.small_numbers import FEWEST
from kap_analysis.figures.page.style import THEMES
from kap_analysis.review.chart_review_list import NO_ALARM
from kap_analysis.review.charts import course_chart, difference_chart, funnel_chart, run_chart
from kap_analysis.review.practice_review_result import BETTER, WORSE, PracticeReview, class_counts, row_of
from kap_analysis.version import __version__
from kap_analysis.whole_folder import write_whole_file
from kap_analysis.writing.names import CLASSES
from kap_analysis.writing.numbers import count, count_percent, interval, number, percent, percent_interval, plural
from kap_analysis.writing.sentences import estimate_sentence, sentence_case

LIST_NAME: Final = "chart_review_list.html"


def write_review(review: PracticeReview, out: str | Path) -> tuple[Path, Path]:
    """Write the page, and beside it the confidential list; an earlier page is replaced as a whole.

    Returns
    -------
    tuple of pathlib.Path
        The page and the list.

    Raises
    ------
    ReportError
        If the folder is not there, the name is not one of a page, or the files cannot be written.
    """
    page = Path(out)
    if page.suffix.lower() not in (".html", ".htm") or page.name == LIST_NAME:
        raise ReportError(f"Found {page.name!r}; expected the name of a page, such as review.html.")
    if not page.parent.is_dir():
        raise ReportError(f"There is no folder {page.parent}; make it, or name another place.")
    listed = page.with_name(LIST_NAME)
    written = {page: render_practice(review, LIST_NAME), listed: render_list(review)}
    for path, content in written.items():
        replace_file(path, content)
    return page, listed


def replace_file(path: Path, content: str) -> None:
    """Write a file as a whole, which its owner alone can read."""
    try:
        write_whole_file(path, content, mode=0o600)
    except OSError as error:
        raise ReportError(f"{path} cannot be written ({error.strerror}); nothing was changed.") from error


def render_practice(review: PracticeReview, list_name: str = LIST_NAME) -> str:
    """The page as HTML. It holds no id of a patient."""
    return (
        environment()
        .get_template("practice.html.j2")
        .render(
            review=review,
            list_name=list_name,
            style=Markup(read_style()),
            script=Markup(read_template("values.js")),
            whom=sentence_case(review.whom),
            whole=row_of(review.started, "all"),
            completeness=_completeness(review.completeness),
            arms=_arms(review),
            course=_chart(review.course, lambda rows: course_chart(rows, review.instrument)),
            classes=_class_rows(review.classes),
            target_classes=_class_rows(review.target_classes),
            quarters=_chart(review.quarters, run_chart),
            funnel=_chart(review.funnel, funnel_chart),
            difference=_chart(review.difference, lambda rows: _difference(review, rows.iloc[0])),
            starts=_starts(review),
            n_lines=len(review.chart_list),
            n_listed=review.chart_list["patient_id"].nunique(),
        )
    )


def render_list(review: PracticeReview) -> str:
    """The list for chart review as HTML: by id, confidential."""
    return (
        environment()
        .get_template("list.html.j2")
        .render(
            review=review,
            style=Markup(read_style()),
            whom=sentence_case(review.whom),
            no_alarm=NO_ALARM,
            rows=records(review.chart_list),
        )
    )


@cache
def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("kap_analysis", "review/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"count": count, "number": number, "percent": percent, "sentence": sentence_case}
    made.globals |= {
        "count_percent": count_percent,
        "fewest": FEWEST,
        "interval": interval,
        "percent_interval": percent_interval,
        "plural": plural,
        "estimate_sentence": estimate_sentence,
        "version": __version__,
    }
    return made


def read_template(name: str) -> str:
    return (files("kap_analysis") / "review" / "templates" / name).read_text(encoding="utf-8")


def read_style() -> str:
    """The style of both pages, with the colours of the figures in light and in dark."""
    style = read_template("review.css")
    for name, theme in THEMES.items():
        values = [f"--{arm}: {look.colour}" for arm, look in theme.formats.items()]
        values += [f"--better: {theme.better}", f"--worse: {theme.worse}"]
        style = style.replace(f"/* colours: {name} */", "; ".join(values) + ";")
    return style


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as a template reads them."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _chart(rows: pd.DataFrame, draw: Any) -> Markup:
    return Markup("") if rows.empty else draw(rows)


def _difference(review: PracticeReview, row: pd.Series) -> Markup:
    return difference_chart(row, "points", not review.instrument.higher_is_better)


def _completeness(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """One line per instrument, with a cell per visit: done of due, and the share as a bar."""
    lines = []
    for name, part in rows.groupby("instrument", sort=False):
        cells = [
            {
                "visit": row[VISIT],
                "due": row["n_due"],
                "done": row["n_done"],
                "late": row["n_late"],
                "missing": row["n_missing"],
                "share": row["n_done"] / row["n_due"] if row["n_due"] else None,
            }
            for row in records(part)
        ]
        lines.append({"instrument": name, "cells": cells})
    return lines


def _arms(review: PracticeReview) -> list[dict[str, Any]]:
    """One row per format: who started and who was lost, safety, hours."""
    arms = []
    for row in records(review.started):
        arm = row[FORMAT]
        safety, hours = row_of(review.safety, arm), row_of(review.hours, arm)
        arms.append({**row, "safety": safety, "hours": hours, "counts": class_counts(review.classes, arm)})
    return arms


def _class_rows(classes: pd.DataFrame) -> list[dict[str, Any]]:
    """One row per format: the classes as shares of all who started, those not assessed among them."""
    found = []
    arms = ["all", *FORMATS] if len(classes) else []
    for arm in arms:
        part = classes[classes[FORMAT] == arm]
        if part.empty:
            continue
        by = part.set_index("class")
        started, assessed = float(part["n_started"].iloc[0]), float(part["n_assessed"].iloc[0])
        pieces = [
            {"class": name, "words": words, **_piece(row_of(part[part["class"] == name], arm))}
            for name, words in CLASSES.items()
        ]
        better = float(by["n"].reindex(BETTER).sum())
        found.append(
            {
                "format": arm,
                "started": started,
                "assessed": assessed,
                "not_assessed": started - assessed,
                "pieces": pieces,
                "better": better,
                "worse": float(by["n"].get(WORSE, 0)),
            }
        )
    return found


def _piece(row: pd.Series | None) -> Mapping[str, Any]:
    names = ("n", "share_of_assessed", "ci_low", "ci_high", "share_of_started", "started_ci_low", "started_ci_high")
    return {name: 0.0 if row is None else float(row[name]) for name in names}


def _starts(review: PracticeReview) -> list[dict[str, Any]]:
    """Where each format started: the observed mean at baseline."""
    rows = review.course
    if rows.empty:
        return []
    rows = rows[(rows[VISIT].astype("str") == "baseline") & (rows[FORMAT] != "all")]
    found = [{"format": r[FORMAT], "mean": r["mean"], "n": r[N_PATIENTS]} for r in records(rows)]
    return sorted(found, key=lambda one: FORMATS.index(one["format"]))
