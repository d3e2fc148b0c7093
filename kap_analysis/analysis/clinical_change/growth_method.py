"""The growth-model (HLM) method of reliable change, which uses all scores of a patient, not only the first and last.

A straight line per patient, ``score ~ month + (month | patient_id)``, is fitted to all scores up to the visit. The
index is the patient's empirical Bayes slope (the average slope plus the patient's deviation, shrunken towards the
average) divided by the standard error of that deviation; a change is reliable beyond 1.96. The method needs no
reliability coefficient, but assumes that change is linear.

Reference: Speer DC, Greenbaum PE. J Consult Clin Psychol 1995;63:1044-1048, doi 10.1037/0022-006X.63.6.1044.
"""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.analysis.model.estimates import fit_formula
from kap_analysis.columns import MONTH, PATIENT_ID, SCORE, VISIT
from kap_analysis.errors import AnalysisError
from kap_analysis.study.outcome_frames.outcomes import Outcomes

GROWTH_MODEL: Final = "Growth model (HLM)"
#: A slope for each patient needs patients with this many scores.
SCORES_PER_PATIENT: Final = 3
FEWEST_PATIENTS: Final = 10
FORMULA: Final = f"{SCORE} ~ {MONTH} + ({MONTH} | {PATIENT_ID})"


def growth_index(outcomes: Outcomes, visit: str) -> pd.Series:
    """The index of each patient with a score, by ``patient_id``; negative where scores fell.

    Raises
    ------
    AnalysisError
        If fewer than ten patients have three scores up to the visit, or the slopes do not differ between patients.
    """
    until = outcomes.visits[: outcomes.visits.index(visit) + 1]
    frame = outcomes.frame
    rows = frame[frame[VISIT].astype("str").isin(until) & frame[SCORE].notna() & frame[MONTH].notna()]
    counts = rows.groupby(PATIENT_ID)[MONTH].nunique()
    if (counts >= SCORES_PER_PATIENT).sum() < FEWEST_PATIENTS:
        raise AnalysisError(
            f"fewer than {FEWEST_PATIENTS} patients have {SCORES_PER_PATIENT} scores up to {visit}, which a slope for "
            "each patient needs"
        )
    try:
        fit = fit_formula(FORMULA, rows.astype({MONTH: float, PATIENT_ID: str}), ddf="normal")
    except (ValueError, np.linalg.LinAlgError) as error:
        raise AnalysisError(f"the slopes of the patients cannot be modelled: {error}") from error
    slopes = fit.effects().query("term == @MONTH", local_dict={"MONTH": MONTH}).set_index("level")
    if not (slopes["std_error"] > 0).all() or fit.singular:
        raise AnalysisError("the slopes of the patients do not differ beyond the residual variation of the scores")
    own = float(fit.params[MONTH]) + slopes["estimate"]
    return (own / slopes["std_error"]).rename_axis(PATIENT_ID)
