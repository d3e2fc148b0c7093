"""Does the model fit the data: residuals, random effects, remaining correlation, influence."""

from dataclasses import dataclass, field
from typing import get_args

import numpy as np
import pandas as pd
from scipy.special import ndtr

from kap_analysis.analysis.comparison.comparison_result import FormatComparison
from kap_analysis.analysis.model.estimates import difference_row
from kap_analysis.analysis.model.model_frame import cohort_of_one
from kap_analysis.analysis.model_check.model_parts import Modelled, fitted_model
from kap_analysis.analysis.result import Result, empty_withheld
from kap_analysis.columns import COHORT_ID, FORMAT, INDIVIDUAL, PATIENT_ID, VISIT
from kap_analysis.mixed.diagnostics.deletion import delete_levels
from kap_analysis.mixed.random_effects.effects import estimated_effects
from kap_analysis.mixed.results import MixedResults
from kap_analysis.run_memory import once_per_run
from kap_analysis.study.first_argument import asked_of
from kap_analysis.writing.sentences import join_words, number, plural

#: Normalised residuals beyond this are counted; a normal distribution has 1 in 370.
FAR = 3.0
BEYOND = float(2 * ndtr(-FAR))
INFLUENCE = ("unit", "label", "n_observations", "distance", "change")


@dataclass(frozen=True)
class Diagnostics(Result):
    """Checks of the model behind a result.

    Attributes
    ----------
    residuals : DataFrame
        One row per observation: ``format``, ``visit``, ``fitted`` (points), ``standardised`` (residual / its SD),
        ``normalised`` (uncorrelated, variance 1 if the model holds).
    random_effects : DataFrame
        ``grouping``, ``term``, ``level``, ``estimate``, ``std_error``; empty without random effects.
    lag_correlation : DataFrame
        ``lag`` (visits apart), ``correlation`` of normalised residuals of one patient, ``n_pairs``.
    influence : DataFrame
        ``unit`` (patient, cohort), ``label``, ``n_observations``, ``distance`` (Cook's), ``change`` (of the primary
        difference if left out, points; covariance parameters fixed). For a comparison only.
    """

    residuals: pd.DataFrame
    random_effects: pd.DataFrame
    lag_correlation: pd.DataFrame
    influence: pd.DataFrame
    visit: str
    withheld: pd.DataFrame = field(default_factory=empty_withheld)

    @property
    def paragraph(self) -> str:
        normalised = self.residuals["normalised"]
        far = int((normalised.abs() > FAR).sum())
        lags = self.lag_correlation
        text = (
            f"Of {plural(len(normalised), 'normalised residual')}, {far} {'lies' if far == 1 else 'lie'} beyond "
            f"{number(FAR, 0)} standard deviations (a normal distribution has {number(len(normalised) * BEYOND)}); "
            f"their skewness is {number(skewness(normalised.to_numpy()), 2)}."
        )
        if len(lags):
            largest = lags.sort_values("correlation", key=abs).iloc[-1]
            text += (
                f" The largest remaining correlation between visits of one patient is "
                f"{number(largest['correlation'], 2)} ({plural(largest['lag'], 'visit')} apart)."
            )
        most = self.influence["change"].abs().groupby(self.influence["unit"], sort=False).max().dropna()
        if len(most):
            told = [f"{number(change, 2)} points by leaving out one {unit}" for unit, change in most.items()]
            text += (
                f" With the covariance parameters held at their estimates, the difference at {self.visit} changes at "
                f"most by {join_words(told)}."
            )
        return text


@asked_of(*get_args(Modelled), words="a result of a model", remedy="Ask first, as in kap.compare_formats(study)")
@once_per_run
def diagnose_model(result: Modelled) -> Diagnostics:
    """Check the model behind a comparison of formats, an estimated change or trajectories.

    Parameters
    ----------
    result : FormatComparison, EstimatedChange or Trajectories

    Raises
    ------
    AnalysisError
        For a public study of real patients, because residuals belong to single patients.
    """
    fit = fitted_model(result)
    frame = fit.design.frame
    compared = isinstance(result, FormatComparison)
    visit = str(result.primary[VISIT]) if isinstance(result, FormatComparison) else ""
    residuals = pd.DataFrame({
        FORMAT: _named(frame, FORMAT, "all"), VISIT: _named(frame, VISIT, visit),
        "fitted": np.asarray(fit.fittedvalues), "standardised": fit.residuals("standardised"),
        "normalised": fit.residuals("normalised"),
    }).reset_index(drop=True)  # fmt: skip
    no_effects = pd.DataFrame(columns=["grouping", "term", "level", "estimate", "std_error"])
    return Diagnostics(
        residuals=residuals,
        random_effects=_effects_in_the_model(fit) if fit.design.bars else no_effects,
        lag_correlation=_lag_correlation(fit, residuals["normalised"].to_numpy()),
        influence=_influence(fit, visit) if compared else pd.DataFrame(columns=list(INFLUENCE)),
        visit=visit,
    )


def _effects_in_the_model(fit: MixedResults) -> pd.DataFrame:
    """The random effects, without the zeros of those whom a term does not concern (a patient of the other format)."""
    effects, frame = estimated_effects(fit), fit.design.frame
    kept = pd.Series(True, effects.index)
    for (grouping, term), part in effects.groupby(["grouping", "term"], sort=False):
        if term in frame and grouping in frame:
            concerned = frame.loc[frame[str(term)] != 0, str(grouping)].astype("str").unique()
            kept.loc[part.index] = part["level"].astype("str").isin(concerned)
    return effects[kept].reset_index(drop=True)


def _named(frame: pd.DataFrame, column: str, otherwise: str) -> pd.Series:
    return frame[column].astype("str") if column in frame else pd.Series(otherwise, frame.index)


def skewness(values: np.ndarray) -> float:
    """Third standardised moment."""
    centred = values - values.mean()
    return float(np.mean(centred**3) / np.mean(centred**2) ** 1.5)


def _lag_correlation(fit: MixedResults, normalised: np.ndarray) -> pd.DataFrame:
    """Correlation of a patient's normalised residuals by the number of visits between them."""
    names = ["lag", "correlation", "n_pairs"]
    frame = fit.design.frame
    if PATIENT_ID not in frame or VISIT not in frame:
        return pd.DataFrame(columns=names)
    visits = frame[VISIT].cat.codes.to_numpy()
    long = pd.DataFrame({PATIENT_ID: frame[PATIENT_ID].astype("str").to_numpy(), VISIT: visits, "r": normalised})
    wide = long.pivot(index=PATIENT_ID, columns=VISIT, values="r")
    rows = []
    for lag in range(1, wide.shape[1]):
        both = np.vstack([wide.iloc[:, [i, i + lag]].dropna().to_numpy() for i in range(wide.shape[1] - lag)])
        if len(both) >= 3:
            rows.append([lag, float(np.corrcoef(both.T)[0, 1]), len(both)])
    return pd.DataFrame(rows, columns=names)


def _influence(fit: MixedResults, visit: str) -> pd.DataFrame:
    """Influence of each patient and each cohort on the primary difference."""
    frame = fit.design.frame
    row = difference_row(fit, frame.iloc[:1], visit)  # no other column of the model interacts with the format
    patient = frame[PATIENT_ID] if PATIENT_ID in frame else pd.Series(frame.index, frame.index)  # see `fit_primary`
    labels = {"patient": patient.astype("object")}
    if COHORT_ID in frame:
        nested = frame[FORMAT].astype("str") != INDIVIDUAL
        of_their_own = frame[COHORT_ID].astype("str") == cohort_of_one(patient)  # in no recorded cohort
        labels["cohort"] = frame[COHORT_ID].astype("object").where(nested & ~of_their_own)
    parts = [
        delete_levels(fit, names.to_numpy(), row).assign(unit=unit)
        for unit, names in labels.items()
        if names.notna().any()
    ]
    columns = list(INFLUENCE)
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
