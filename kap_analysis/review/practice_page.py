"""The review of a practice as one page of HTML, and the confidential list beside it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from kap_analysis.analysis.clinical_change.target_instrument import NO_TARGET
from kap_analysis.analysis.proportion import wilson_interval
from kap_analysis.columns import FORMAT, FORMATS, GROUP, N_PATIENTS, VISIT
from kap_analysis.errors import ReportError
from kap_analysis.review.chart_review_list import NO_ALARM
from kap_analysis.review.page_template import fill_page, records, replace_file
from kap_analysis.review.practice_charts import course_chart, difference_chart, funnel_chart, run_chart
from kap_analysis.review.practice_review_result import (
    BETTER,
    STILL_YES,
    TO_DO,
    WORSE,
    PracticeReview,
    class_counts,
    in_plain_words,
    row_of,
)
from kap_analysis.review.short_answers import answer_questions
from kap_analysis.writing.names import CLASSES
from kap_analysis.writing.sentences import full_stop, join_words, plural, sentence_case, within_sentence

#: The list beside ``review.html``; beside a page of another name the name stands before it.
LIST_NAME: Final = "chart_review_list.html"
#: What became of those who started, until the main visit.
FATES: Final = {
    "Assessed": "n_assessed",
    "Scored then, not at baseline": "n_no_baseline",
    "Died": "n_died",
    "Not due yet": "n_not_due",
    "Lost by then": "n_lost",
}
#: The lines that are shown where nobody is in them too.
ALWAYS: Final = ("n_assessed", "n_lost")


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
    if page.suffix.lower() not in (".html", ".htm") or page.name.endswith(LIST_NAME):
        raise ReportError(f"Found {page.name!r}; expected the name of a page, such as review.html.")
    if not page.parent.is_dir():
        raise ReportError(f"There is no folder {page.parent}; make it, or name another place.")
    listed = page.with_name(LIST_NAME if page.stem == "review" else f"{page.stem}_{LIST_NAME}")
    written = {page: render_practice(review, listed.name), listed: render_list(review)}
    for path, content in written.items():
        replace_file(path, content)
    return page, listed


def render_practice(review: PracticeReview, list_name: str = LIST_NAME) -> str:
    """The page as HTML. It holds no id of a patient."""
    return fill_page(
        "practice.html.j2",
        review=review,
        list_name=list_name,
        whom=sentence_case(review.whom),
        nobody=not review.n_started,
        answers=answer_questions(review),
        left={words: name for words, name in FATES.items() if name in ALWAYS or review.started[name].any()},
        completeness=_completeness(review.completeness),
        arms=_arms(review),
        course=_chart(review.course, lambda rows: course_chart(rows, review.instrument)),
        classes=_class_rows(review.classes),
        target_classes=_class_rows(review.target_classes),
        target_notes=_target_notes(review.target_instruments),
        hours_known=bool(review.hours["hours_per_patient"].notna().any()),
        hours_least=bool((review.hours["hours_per_patient"].notna() & (review.hours["n_blank"] > 0)).any()),
        hours_shared=_hours_shared(review),
        quarters=_chart(
            review.quarters, lambda rows: run_chart(rows, review.expected, review.instrument.higher_is_better)
        ),
        gaps=bool((review.quarters["n_patients"] == 0).any()),
        others=_others(review.expected),
        target_named=review.notes.get("target_classes") != NO_TARGET,
        funnel=_chart(review.funnel, lambda rows: funnel_chart(rows, review.instrument.higher_is_better)),
        difference=_chart(review.difference, lambda rows: _difference(review, rows.iloc[0])),
        starts=_starts(review),
        n_listed=review.chart_list["patient_id"].nunique(),
    )


def render_list(review: PracticeReview) -> str:
    """The list for chart review as HTML: by id, confidential."""
    return fill_page(
        "list.html.j2",
        review=review,
        whom=sentence_case(review.whom),
        no_alarm=NO_ALARM,
        groups=_groups(review),
        n_listed=review.chart_list["patient_id"].nunique(),
    )


def _groups(review: PracticeReview) -> list[dict[str, Any]]:
    """The lines of the list by reason, the gravest reason first."""
    lines = review.chart_list
    return [
        {"why": why, "rows": records(lines[lines["why"] == why])}
        for why in (*TO_DO, STILL_YES)
        if (lines["why"] == why).any()
    ]


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
                "in_all": _in_all(better, assessed, started),
            }
        )
    return found


def _others(expected: pd.DataFrame) -> str:
    """The other practices, as they are named in the words on the band."""
    n = 0 if expected.empty else int(expected["n_practices"].iloc[0])
    return "the average other practice" if n > 2 else plural(n, "other practice", "other practices")


def _target_notes(instruments: pd.DataFrame) -> list[str]:
    """Which questionnaires have no outside norm, and which could not be judged at all."""
    if instruments.empty:
        return []
    unjudged = instruments["not_judged_because"] != ""
    own = instruments[~unjudged & (instruments["norms"] != "registry") & (instruments["n_assessed"] > 0)]
    told = []
    if len(own):
        names = join_words(
            f"{name} ({n:,.0f} assessed)" for name, n in zip(own["target_instrument"], own["n_assessed"], strict=True)
        )
        told.append(
            f"No outside norm is known for {names}. What counts as reliable there is worked out from the first scores "
            "of the patients of this page. So take it with care."
        )
    told += [
        f"{row['target_instrument']} could not be judged ({plural(row['n_started'], 'patient')}): "
        f"{within_sentence(full_stop(in_plain_words(row['not_judged_because'])))}"
        for row in records(instruments[unjudged])
    ]
    return told


def _hours_shared(review: PracticeReview) -> bool:
    """Whether hours of patients in group format are told."""
    row = row_of(review.hours, GROUP)
    return row is not None and not pd.isna(row["hours_per_patient"])


def _piece(row: pd.Series | None) -> Mapping[str, Any]:
    names = ("n", "share_of_assessed", "ci_low", "ci_high", "share_of_started", "started_ci_low", "started_ci_high")
    return {name: 0.0 if row is None else float(row[name]) for name in names}


def _in_all(better: float, assessed: float, started: float) -> dict[str, float]:
    """Both classes of those who got better together, as one piece."""
    of_started = wilson_interval(better, started)
    return {
        "n": better,
        "share_of_assessed": better / assessed if assessed else 0.0,
        **dict(zip(("ci_low", "ci_high"), wilson_interval(better, assessed), strict=True)),
        "share_of_started": better / started if started else 0.0,
        **dict(zip(("started_ci_low", "started_ci_high"), of_started, strict=True)),
    }


def _starts(review: PracticeReview) -> list[dict[str, Any]]:
    """Where each format started: the observed mean at baseline."""
    rows = review.course
    if rows.empty:
        return []
    rows = rows[(rows[VISIT].astype("str") == "baseline") & (rows[FORMAT] != "all")]
    found = [{"format": r[FORMAT], "mean": r["mean"], "n": r[N_PATIENTS]} for r in records(rows)]
    return sorted(found, key=lambda one: FORMATS.index(one["format"]))
