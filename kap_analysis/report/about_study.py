"""What the pages and the manifest say of a study; of a public one only numbers that it publishes."""

from typing import Any, Final

import numpy as np

from kap_analysis.disclosure.gate import is_open
from kap_analysis.disclosure.published import decide
from kap_analysis.report.index_page import AboutStudy
from kap_analysis.report.results_folder import PRIVATE
from kap_analysis.study.outcome_frames.populations import ALL, IN_STUDY
from kap_analysis.study.study import Study
from kap_analysis.writing.sentences import plural

PUBLIC: Final = "PUBLIC"
MEANINGS: Final = {
    "SIMULATED": "These numbers do not come from real patients.",
    PRIVATE: "These pages can identify single patients; keep them with the people who treat them.",
    PUBLIC: "Small counts, and numbers that would reveal them, are withheld.",
}


def is_shared(study: Study) -> bool:
    """Whether what is made of a study is for everybody, and its patients are real."""
    return not is_open(study.visibility, study.is_simulated)


def describe_study(study: Study, plan: str) -> AboutStudy:
    """The banner: SIMULATED, PRIVATE or PUBLIC, data cut, number of patients, and plan."""
    settings = study.settings
    banner = "SIMULATED" if study.is_simulated else PRIVATE if settings.visibility == "private" else PUBLIC
    as_of = f"Data as of {settings.data_cut}" if settings.data_cut else "The data cut is not stated"
    n = shown_number_of_patients(study)
    who = f"n = {plural(n, 'patient')}" if n is not None else "the number of patients is withheld"
    data = f"{MEANINGS[banner]} {as_of}; {who}. {plan}"
    return AboutStudy(settings.title, banner, data, MEANINGS[banner])


def study_facts(study: Study) -> dict[str, Any]:
    """The facts of a study for the manifest, without its path."""
    settings = study.settings
    return {
        "title": settings.title,
        "provenance": settings.provenance,
        "visibility": settings.visibility,
        "data_cut": settings.data_cut,
        "n_patients": shown_number_of_patients(study),
    }


def shown_number_of_patients(study: Study) -> int | None:
    """The number of patients, or None where a public study does not publish it."""
    if not is_shared(study):
        return len(study.patients)
    frame = decide(study.populations()).to_frame()
    n = frame.loc[(frame["population"] == IN_STUDY) & (frame["format"] == ALL), "n"].to_numpy()
    return None if not len(n) or np.isnan(n[0]) else int(n[0])
