"""The BDI-II outcome frame alone, fast: for benchmarks that analyse thousands of draws."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from kap_analysis.columns import BASELINE_VISIT, DAYS_PER_MONTH, FORMATS
from kap_analysis.simulation.course import VISIT_LABELS, draw_course
from kap_analysis.simulation.covariates import PRIMARY, draw_covariates
from kap_analysis.simulation.labels import PRACTICES, cohort_ids, levels, patient_ids
from kap_analysis.simulation.people import Ints, draw_people
from kap_analysis.simulation.registers import covariate_columns
from kap_analysis.simulation.scenario import Scenario, check_size
from kap_analysis.simulation.simulate import SHIPPED_SEED
from kap_analysis.simulation.truth import compute_truth
from kap_analysis.study.outcome_frames.outcome_columns import COVARIATES, OUTCOME_COLUMNS

VISITS: Final = (BASELINE_VISIT, *VISIT_LABELS)


@dataclass(frozen=True, slots=True)
class SimulatedOutcomes:
    """Outcomes of one draw and what is true of the model behind it.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row per patient and visit, the columns of the outcome frame (see ``Outcomes.frame``).
    truth : dict
        See :func:`kap_analysis.simulation.truth.compute_truth`.
    """

    frame: pd.DataFrame
    truth: dict[str, Any]

    def effect(self, visit: str = "month 3") -> float:
        """The true effect of group format on the recorded BDI-II at a visit (points)."""
        return float(
            next(
                entry["estimate"]
                for entry in self.truth["group_effect"]
                if entry["instrument"] == "BDI-II" and entry["visit"] == visit
            )
        )


def simulate_outcomes(
    n_patients: int = 235,
    *,
    seed: int = SHIPPED_SEED,
    scenario: Scenario | None = None,
) -> SimulatedOutcomes:
    """Simulate the BDI-II outcome frame of a study, without the study.

    The same patients and scores as ``simulate_study`` of the same seed: what its folder gives as
    ``study.outcomes("BDI-II")``. Patients without a baseline or without a later score are left out. The truth is
    computed once per scenario and process (about a second); a draw of 235 then takes some 5 ms.

    Parameters
    ----------
    n_patients, seed : int
        As in :func:`kap_analysis.simulation.simulate.simulate_study`.
    scenario : Scenario, optional
        What is simulated, as :func:`kap_analysis.simulation.scenario.make_scenario` makes it of the options of
        ``simulate_study``; default: as these are.

    Returns
    -------
    SimulatedOutcomes

    Raises
    ------
    SimulationError
        If fewer than 1 patient are asked for, or the seed is negative.

    Examples
    --------
    >>> simulate_outcomes(40, seed=1).frame["visit"].cat.categories[0]
    'baseline'
    """
    check_size(n_patients, seed)
    scenario = scenario or Scenario()
    people = draw_people(n_patients, seed, scenario)
    course = draw_course(people, seed, scenario)
    covariates = draw_covariates(people, seed, scenario)
    shown = course.in_window & course.has_baseline[:, None]
    shown = np.column_stack([shown.any(axis=1), shown])
    patient, visit = np.nonzero(shown)
    score = np.column_stack([people.intake, course.score])[patient, visit]
    day = np.column_stack([course.baseline_day, course.day])[patient, visit]
    baseline = people.intake[patient]
    columns = {
        "patient_id": np.array(patient_ids(n_patients), dtype=object)[patient],
        "practice": np.array(PRACTICES, dtype=object)[people.practice[patient]],
        "format": _ordered(people.is_group[patient].astype(np.int64), FORMATS[:2]),
        "is_group": people.is_group[patient].astype(np.float64),
        "cohort_id": np.array([*cohort_ids(people), None], dtype=object)[people.cohort[patient]],
        "visit": _ordered(visit, VISITS),
        "day": day,
        "month": day / DAYS_PER_MONTH,
        "score": score,
        "baseline": baseline,
        "change": score - baseline,
        "primary_diagnosis": levels(covariates.primary[patient], PRIMARY),
        **{name: values[patient] for name, values in covariate_columns(people, covariates).items()},
    }
    return SimulatedOutcomes(pd.DataFrame(columns)[[*OUTCOME_COLUMNS, *COVARIATES]], compute_truth(scenario))


def _ordered(codes: Ints, names: tuple[str, ...]) -> "pd.Categorical[str]":
    return pd.Categorical.from_codes(codes, categories=pd.Index(names), ordered=True)
