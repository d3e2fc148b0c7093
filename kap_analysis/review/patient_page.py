"""The page about one patient as HTML."""

from pathlib import Path
from typing import Any, Final

import pandas as pd

from kap_analysis.columns import DAY, INSTRUMENT
from kap_analysis.errors import ReportError
from kap_analysis.instruments.suicidality import ENDORSED, NOT_ANSWERED, NOT_ENDORSED, NOT_IN_DATA
from kap_analysis.review.page_template import fill_page, records, replace_file
from kap_analysis.review.patient_chart import patient_scores_chart
from kap_analysis.review.patient_review import NOT_A_FORECAST, PATIENTS_FOR_RANGE, PatientReview
from kap_analysis.writing.sentences import plural

#: The four states of the last answer to the item on suicide, in plain words.
STATE_WORDS: Final = {
    ENDORSED: "yes",
    NOT_ENDORSED: "no",
    NOT_ANSWERED: "the question was left blank",
    NOT_IN_DATA: "the answers are not in the data",
}


def write_patient_page(review: PatientReview, out: str | Path) -> Path:
    """Write the page as a whole; an earlier one is replaced.

    Raises
    ------
    ReportError
        If the folder is not there, the name is not one of a page, or the file cannot be written.
    """
    page = Path(out)
    if page.suffix.lower() not in (".html", ".htm"):
        raise ReportError(f"Found {page.name!r}; expected the name of a page, such as patient.html.")
    if not page.parent.is_dir():
        raise ReportError(f"There is no folder {page.parent}; make it, or name another place.")
    replace_file(page, render_patient(review))
    return page


def render_patient(review: PatientReview) -> str:
    """The page as HTML."""
    last = float(max([*review.scores[DAY], *review.sessions[DAY], 30]))
    charts = [
        {
            "name": name,
            "chart": patient_scores_chart(
                review.scores[review.scores[INSTRUMENT] == name],
                instrument,
                review.sessions,
                review.ranges[review.ranges[INSTRUMENT] == name],
                last,
            ),
            "words": " ".join(review.changes.loc[review.changes[INSTRUMENT] == name, "words"]),
            "higher_is_better": instrument.higher_is_better,
        }
        for name, instrument in review.instruments.items()
    ]
    answers = [
        {**row, "words": STATE_WORDS[row["state"]], "before": _answer_before(row)}
        for row in records(review.suicidality)
    ]
    return fill_page(
        "patient.html.j2",
        review=review,
        charts=charts,
        answers=answers,
        death=next(iter(records(review.death)), None),
        asked=_asked(review),
        events=_plain(review.adverse_events),
        sessions=_plain(review.sessions[review.sessions["kind"] == "ketamine"]),
        n_ketamine=int((review.sessions["kind"] == "ketamine").sum()),
        patients_for_range=PATIENTS_FOR_RANGE,
        not_a_forecast=NOT_A_FORECAST if len(review.ranges) else "",
    )


def _answer_before(row: dict[str, Any]) -> str:
    """The last answer that is known, where the last assessment holds none."""
    if not pd.isna(row["answer"]):
        return ""
    if pd.isna(row["known_day"]):
        return "No answer to it is known."
    return f"The last answer that is known is {row['known_answer']:.0f}, on day {row['known_day']:.0f}."


def _asked(review: PatientReview) -> str:
    """At how many ketamine sessions somebody asked about adverse events."""
    n = int((review.sessions["kind"] == "ketamine").sum())
    if pd.isna(review.n_asked):
        return "Whether anybody asked about them is not recorded, so others may be unknown."
    if review.n_asked == n:
        return f"Somebody asked about them at {'every ketamine session' if n > 1 else 'the ketamine session'}."
    return (
        f"That somebody asked about them is noted of {review.n_asked:.0f} of {plural(n, 'ketamine session')}. At the "
        "others there may have been some."
    )


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows with missing words as empty texts."""
    words = frame.select_dtypes(exclude="number").columns
    plain = {name: frame[name].astype("object").where(frame[name].notna(), "") for name in words}
    return records(frame.assign(**plain))
