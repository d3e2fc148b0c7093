"""Format and cohort of a patient at time zero: decided before the outcome, not read off what happened later.

A patient who stays can become mixed, one who drops out cannot; a format read off all sessions favours those who stay.
"""

from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from kap_analysis.columns import COHORT_ID, FORMAT, GROUP, INDIVIDUAL, MIXED, PATIENT_ID
from kap_analysis.errors import StudyError
from kap_analysis.study.timing.attendance import attended, ketamine_sessions
from kap_analysis.study.timing.look_up import is_among

FormatRule = Literal["planned", "first", "majority", "as_treated", "exclude_mixed"]
CohortRule = Literal["first", "majority"]
#: Why a patient who was treated has no format, by each rule.
NO_FORMAT_BECAUSE: Final = {
    "planned": "no planned format and no ketamine session in the clinic",
    "first": "no ketamine session in the clinic",
    "majority": "no ketamine session in the clinic",
    "as_treated": "no ketamine session in the clinic",
    "exclude_mixed": "mixed formats, or no ketamine session in the clinic",
}
FORMAT_OF_PLAN: Final = {"individual": INDIVIDUAL, "group": GROUP, "sequence": MIXED}


def patients_at_time_zero(
    patients: pd.DataFrame,
    sessions: pd.DataFrame,
    *,
    format_rule: FormatRule = "planned",
    cohort_rule: CohortRule = "first",
) -> pd.DataFrame:
    """Return one row per patient: whether treatment started, the format and the cohort.

    Parameters
    ----------
    patients, sessions : pandas.DataFrame
        Tables of a study.
    format_rule : str
        ``planned`` (default): planned_format, a sequence being mixed; where it is absent, the format of the first
        attended ketamine session in the clinic. ``first``: always that session. ``majority``: the format of most of
        them, ties to the first. ``as_treated``: mixed if both formats occur; a sensitivity analysis, because whoever
        stays longer is more often mixed. ``exclude_mixed``: as_treated, and the mixed have no format.
    cohort_rule : str
        ``first`` (default): the cohort of the first attended group ketamine session, or of another group session where
        there is none. ``majority``: the cohort of most, ties to the first.

    Returns
    -------
    pandas.DataFrame
        patient_id, started (bool), format (ordered: individual < group < mixed; missing where none can be told),
        cohort_id (missing for individual patients), n_cohorts (cohorts attended).
    """
    _known("format_rule", format_rule, get_args(FormatRule))
    _known("cohort_rule", cohort_rule, get_args(CohortRule))
    ketamine = ketamine_sessions(sessions)
    seen = _seen_formats(ketamine_sessions(sessions, in_clinic=True), format_rule)
    ids = patients[PATIENT_ID]
    formats = ids.map(seen).astype(object)
    if format_rule == "planned" and "planned_format" in patients:
        planned = patients["planned_format"].astype(object).map(FORMAT_OF_PLAN)
        formats = planned.where(planned.notna(), formats)
    if format_rule == "exclude_mixed":
        formats = formats.where(formats != MIXED, None)
    cohorts, n_cohorts = _cohorts(sessions, cohort_rule)
    in_group = formats.isin([GROUP, MIXED])
    return pd.DataFrame(
        {
            PATIENT_ID: ids,
            "started": is_among(ids, ketamine[PATIENT_ID]),
            FORMAT: pd.Categorical(formats, categories=[INDIVIDUAL, GROUP, MIXED], ordered=True),
            COHORT_ID: ids.map(cohorts).where(in_group).astype(ids.dtype),
            "n_cohorts": ids.map(n_cohorts).fillna(0).astype("int64"),
        }
    )


def _known(argument: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise StudyError(f"Found {argument}={value!r}; expected one of {', '.join(known)}.")


def _seen_formats(sessions: pd.DataFrame, rule: FormatRule) -> pd.Series:
    """Return patient_id -> format, read off attended ketamine sessions in the clinic, which come in order."""
    is_group = (sessions[FORMAT] == GROUP).to_numpy()
    frame = pd.DataFrame({PATIENT_ID: sessions[PATIENT_ID].to_numpy(), "is_group": is_group.astype(float)})
    by_patient = frame.groupby(PATIENT_ID, sort=False)["is_group"]
    first, share = by_patient.first(), by_patient.mean()
    if rule in ("planned", "first"):
        value = first
    elif rule == "majority":
        value = share.where(share != 0.5, first).round()
    else:
        value = share
    words = np.select([value == 0.0, value == 1.0], [INDIVIDUAL, GROUP], MIXED)
    return pd.Series(words, index=value.index, dtype=object)


def _cohorts(sessions: pd.DataFrame, rule: CohortRule) -> tuple[pd.Series, pd.Series]:
    """Return patient_id -> cohort, and patient_id -> number of cohorts attended."""
    if COHORT_ID not in sessions:
        return pd.Series(dtype=object), pd.Series(dtype=float)
    named = sessions[
        attended(sessions) & (sessions[FORMAT] == GROUP).to_numpy() & sessions[COHORT_ID].notna().to_numpy()
    ]
    named = named.assign(_other=(named["kind"] != "ketamine").to_numpy())
    order = [name for name in (PATIENT_ID, "_other", "day", "hour") if name in named]
    named = named.sort_values(order, kind="stable")
    n_cohorts = named.groupby(PATIENT_ID, sort=False)[COHORT_ID].nunique()
    if rule == "majority":
        counts = named.groupby([PATIENT_ID, COHORT_ID], sort=False).size().rename("n").reset_index()
        named = counts.sort_values("n", ascending=False, kind="stable")
    return named.drop_duplicates(PATIENT_ID).set_index(PATIENT_ID)[COHORT_ID].astype(object), n_cohorts
