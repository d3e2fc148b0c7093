"""What patients like those of one practice score elsewhere, and where the practice stands among many."""

from typing import Final

import numpy as np
import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, ESTIMATE, FORMAT, N_PATIENTS, PATIENT_ID, PRACTICE, SCORE, VISIT
from kap_analysis.errors import KapError
from kap_analysis.mixed.model import mixedlm
from kap_analysis.study.outcome_frames.outcomes import Outcomes

#: Patients elsewhere from which on an expected score is shown.
ENOUGH_ELSEWHERE: Final = 20
#: Practices from which on a funnel is drawn, and patients of a practice from which on it is in it.
PRACTICES_FOR_FUNNEL: Final = 10
PATIENTS_FOR_FUNNEL: Final = 5
EXPECTED_COLUMNS: Final = ["observed", "baseline", N_PATIENTS, ESTIMATE, CI_LOW, CI_HIGH, "n_elsewhere", "n_practices"]
FUNNEL_COLUMNS: Final = ["is_this_practice", N_PATIENTS, "difference", "low", "high"]


def expected_elsewhere(outcomes: Outcomes | None, visit: str, practice: str, ids: set[str]) -> tuple[pd.DataFrame, str]:
    """The mean score of some patients of a practice, and the mean that other practices' results lead to expect.

    ``score ~ baseline + format + (1 | practice)`` is fitted to the patients of the other practices and read at the mean
    baseline and the formats of these patients.

    Returns
    -------
    DataFrame
        One row (or none): ``observed``, ``baseline`` (means) and ``n_patients`` here; ``estimate``, ``ci_low``,
        ``ci_high`` of the expected mean (points); ``n_elsewhere``, ``n_practices`` behind it.
    str
        Why there is none, or empty.
    """
    none = pd.DataFrame(columns=EXPECTED_COLUMNS)
    if outcomes is None:
        return none, "nobody was scored"
    rows = _scored(outcomes, visit)
    here = rows[rows[PATIENT_ID].isin(ids)]
    elsewhere = rows[(rows[PRACTICE].astype("object") != practice) & rows[PRACTICE].notna()]
    if here.empty:
        return none, "nobody of this practice was scored at that visit"
    if len(elsewhere) < ENOUGH_ELSEWHERE:
        return none, f"fewer than {ENOUGH_ELSEWHERE} patients of other practices were scored at that visit"
    here = here[here[FORMAT].isin(elsewhere[FORMAT].unique())]
    if here.empty:
        return none, "no other practice treated patients in these formats"
    n_practices = elsewhere[PRACTICE].nunique()
    formats = " + format" if elsewhere[FORMAT].nunique() > 1 else ""
    among = " + (1 | practice)" if n_practices > 2 else ""
    try:
        fit = mixedlm(f"score ~ baseline{formats}{among}", elsewhere).fit()
        row = np.array([[_mean_of(here, str(name)) for name in fit.params.index]])
        found = fit.test(row).iloc[0]
    except (ValueError, np.linalg.LinAlgError, KapError) as error:
        return none, str(error)
    own = [here[SCORE].mean(), here["baseline"].mean(), len(here)]
    told = [*own, *found[[ESTIMATE, CI_LOW, CI_HIGH]], len(elsewhere), n_practices]
    return pd.DataFrame([told], columns=EXPECTED_COLUMNS), ""


def funnel(outcomes: Outcomes | None, visit: str, practice: str) -> tuple[pd.DataFrame, str]:
    """Every practice's mean score less what its patients' baselines and formats lead to expect, by its size.

    Returns
    -------
    DataFrame
        One row per practice with five or more patients scored: ``is_this_practice``, ``n_patients``, ``difference`` in
        points, and the limits ``low`` and ``high`` within which 95% of practices of this size would lie if they
        differed by chance alone. Without rows where there are fewer than ten such practices. Others are not named.
    str
        Of ten practices or more: which are left out, or why there is no funnel; empty where none is left out.
    """
    none = pd.DataFrame(columns=FUNNEL_COLUMNS)
    if outcomes is None:
        return none, ""
    n_practices = outcomes.frame[PRACTICE].nunique()
    rows = _scored(outcomes, visit)
    rows = rows[rows.groupby(PRACTICE, observed=True)[SCORE].transform("size") >= PATIENTS_FOR_FUNNEL]
    n_large = rows[PRACTICE].nunique()
    if n_large < PRACTICES_FOR_FUNNEL:
        why = (
            f"Practices are not set side by side: {n_large} of {n_practices} have {PATIENTS_FOR_FUNNEL} patients or "
            f"more who were scored then, and {PRACTICES_FOR_FUNNEL} are needed."
        )
        return none, why if n_practices >= PRACTICES_FOR_FUNNEL else ""
    left_out = (
        f"{n_large} of {n_practices} practices are in it. The others have fewer than {PATIENTS_FOR_FUNNEL} patients "
        "who were scored then."
    )
    formats = " + format" if rows[FORMAT].nunique() > 1 else ""
    fit = mixedlm(f"score ~ baseline{formats}", rows).fit()
    left = rows[SCORE].to_numpy(float) - np.asarray(fit.fittedvalues, dtype=float)
    spread = left.std(ddof=len(fit.params))
    found = pd.Series(left).groupby(rows[PRACTICE].astype("object").to_numpy()).agg(["size", "mean"])
    limit = 1.96 * spread / np.sqrt(found["size"])
    table = pd.DataFrame(
        {
            "is_this_practice": found.index == practice,
            N_PATIENTS: found["size"],
            "difference": found["mean"],
            "low": -limit,
            "high": limit,
        }
    )
    table = table.sort_values([N_PATIENTS, "difference"]).reset_index(drop=True)[FUNNEL_COLUMNS]
    return table, left_out if n_large < n_practices else ""


def _scored(outcomes: Outcomes, visit: str) -> pd.DataFrame:
    frame = outcomes.frame
    rows = frame[frame[VISIT].astype("str") == visit].dropna(subset=[SCORE, "baseline", FORMAT])
    return rows.assign(**{FORMAT: rows[FORMAT].astype("str")})


def _mean_of(rows: pd.DataFrame, name: str) -> float:
    if name == "Intercept":
        return 1.0
    if name == "baseline":
        return float(rows["baseline"].mean())
    return float((rows[FORMAT] == name.removeprefix("format[T.").removesuffix("]")).mean())
