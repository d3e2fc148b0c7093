"""The simulated three-practice study, whole."""

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from kap_analysis.columns import Progress
from kap_analysis.simulation.course import draw_course
from kap_analysis.simulation.covariates import draw_covariates
from kap_analysis.simulation.events import event_frame, measure_frame, treatment_frame
from kap_analysis.simulation.forms import assessment_frame, draw_forms, item_frame
from kap_analysis.simulation.labels import PRACTICES, patient_ids
from kap_analysis.simulation.parameters import Parameters
from kap_analysis.simulation.people import draw_people
from kap_analysis.simulation.registers import DATA_CUT, cohort_frame, diagnosis_frame, patient_frame
from kap_analysis.simulation.scenario import Allocation, Dropout, Scenario, check_size, make_scenario, open_stream
from kap_analysis.simulation.schedule import draw_schedule
from kap_analysis.simulation.sessions import draw_sessions, session_frame
from kap_analysis.simulation.truth import compute_truth
from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.contract.settings import Settings

SHIPPED_SEED: Final = 2019  # the year of the paper; no other was tried
MADE_BY: Final = "kap_analysis.simulation"
TITLE: Final = "Group and individual KAP in three practices (simulated)"


@dataclass(frozen=True, slots=True)
class SimulatedStudy:
    """A simulated study.

    Attributes
    ----------
    tables : dict
        Table name -> frame, with exactly the columns of the data dictionary; text that repeats is categorical.
    settings : Settings
        What ``study.toml`` says; ``provenance`` is "simulated".
    truth : dict
        Options and parameters of the draw, and what :func:`kap_analysis.simulation.truth.compute_truth` returns.
    """

    tables: dict[str, pd.DataFrame]
    settings: Settings
    truth: dict[str, Any]


def simulate_study(
    n_patients: int = 235,
    *,
    seed: int = SHIPPED_SEED,
    allocation: Allocation = "recorded",
    dropout: Dropout = "recorded",
    facilitator_share: float | None = None,
    group_effect: float | None = None,
    cohort_sd: float | None = None,
    parameters: Parameters | None = None,
    progress: Progress | None = None,
) -> SimulatedStudy:
    """Simulate a study of group and individual KAP in three practices.

    Parameters
    ----------
    n_patients : int
    seed : int
        The same seed gives the same study; streams are separate by part.
    allocation : {"recorded", "latent"}
        What kept the sicker out of groups: the recorded intake score, or the severity behind it (then no adjustment
        for what was recorded mends the comparison).
    dropout : {"recorded", "unseen", "none"}
        Loss depends on the last recorded score and format, on the score that was never seen, or nobody is lost.
    facilitator_share : float, optional
        Share of variance between facilitators, in both formats; default 0.
    group_effect, cohort_sd : float, optional
        Latent points at month 3; default as in ``Parameters``.
    parameters : Parameters, optional
        All others.
    progress : callable, optional
        Called with (done, total, what).

    Returns
    -------
    SimulatedStudy

    Raises
    ------
    SimulationError
        If an option is not one of those named.

    Examples
    --------
    >>> simulated = simulate_study(30, seed=1)
    >>> len(simulated.tables["patients"])
    30
    """
    check_size(n_patients, seed)
    scenario = make_scenario(
        allocation=allocation,
        dropout=dropout,
        facilitator_share=facilitator_share,
        group_effect=group_effect,
        cohort_sd=cohort_sd,
        parameters=parameters,
    )
    tables = _make_tables(n_patients, seed, scenario, progress or _say_nothing)
    return SimulatedStudy(tables, study_settings(), _truth(n_patients, seed, scenario))


def study_settings() -> Settings:
    """Make the settings of a simulated study: the default schedule, BDI-II at month 3, no margin."""
    return Settings(
        title=TITLE,
        primary_instrument="BDI-II",
        primary_visit="month 3",
        practices=PRACTICES,
        visibility="public",
        provenance="simulated",
        data_cut=DATA_CUT,
    )


def _make_tables(n_patients: int, seed: int, scenario: Scenario, progress: Progress) -> dict[str, pd.DataFrame]:
    total, p = 7, scenario.parameters
    progress(0, total, "patients and their courses")
    people = draw_people(n_patients, seed, scenario)
    course = draw_course(people, seed, scenario)
    covariates = draw_covariates(people, seed, scenario)
    ids = np.array(patient_ids(n_patients), dtype=object)
    progress(1, total, "sessions")
    draws = open_stream(seed, "sessions")
    schedule = draw_schedule(people, course, draws, p)
    rows = draw_sessions(people, course, schedule, draws, p)
    tables = {
        "patients": patient_frame(people, course, schedule, covariates, rows, ids, open_stream(seed, "records"), p),
        "diagnoses": diagnosis_frame(covariates, ids),
        "cohorts": cohort_frame(people, schedule),
        "sessions": session_frame(rows, people, ids),
    }
    progress(2, total, "questionnaires")
    forms = draw_forms(people, course, schedule, covariates, seed, scenario)
    tables["assessments"] = assessment_frame(forms, ids, open_stream(seed, "modes"))
    progress(3, total, "answers to items")
    tables["items"] = item_frame(forms, ids)
    progress(4, total, "vital signs")
    tables["session_measures"] = measure_frame(rows, ids, open_stream(seed, "measures"))
    progress(5, total, "other treatments and adverse events")
    tables["treatments"] = treatment_frame(people, course, ids, open_stream(seed, "treatments"))
    tables["adverse_events"] = event_frame(rows, people, course, ids, open_stream(seed, "adverse events"))
    progress(6, total, "the truth")
    return {name: tables[name][list(spec.columns)] for name, spec in TABLES.items()}


def _truth(n_patients: int, seed: int, scenario: Scenario) -> dict[str, Any]:
    changed = {
        name: value
        for name, value in asdict(scenario.parameters).items()
        if value != getattr(Parameters(), name) and not isinstance(value, dict)
    }
    return {
        "made_by": MADE_BY,
        "n_patients": n_patients,
        "seed": seed,
        "allocation": scenario.allocation,
        "dropout": scenario.dropout,
        "changed_parameters": changed,
        **compute_truth(scenario),
    }


def _say_nothing(done: int, total: int, what: str) -> None:
    """The progress of those who do not want any."""
