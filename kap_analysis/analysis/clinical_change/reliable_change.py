"""Has a patient changed by more than measurement error: one reliable change index per method.

Each index is (follow-up minus expected) / standard error. It is negative if scores fell, and a change is reliable if
the index is beyond the normal quantile (1.96). With M and SD of the scores before treatment and r the
reliability of the instrument, the methods differ in what is expected and in the error:

======================  ==========================  =============================
method                  expected at follow-up       standard error
======================  ==========================  =============================
Jacobson-Truax          the baseline score          SD sqrt(2 (1 - r))
Edwards-Nunnally        M + r (baseline - M)        SD sqrt(1 - r)
Gulliksen-Lord-Novick   M + r (baseline - M)        SD sqrt(1 - r^2)
======================  ==========================  =============================

The last two allow for regression to the mean. Edwards-Nunnally is Speer's form of it: a confidence interval round the
estimated true score at baseline.

References
----------
Jacobson NS, Truax P. J Consult Clin Psychol 1991;59:12-19, doi 10.1037/0022-006X.59.1.12.
Speer DC. J Consult Clin Psychol 1992;60:402-408, doi 10.1037/0022-006X.60.3.402 (Edwards and Nunnally).
Hsu LM. Reliable changes in psychotherapy: taking into account regression toward the mean. Behav Assess 1989;11:459-467
(Gulliksen, Lord and Novick).
"""

from typing import Final

import numpy as np
import pandas as pd
from scipy.special import ndtri

from kap_analysis.errors import AnalysisError

JACOBSON_TRUAX: Final = "Jacobson-Truax"
EDWARDS_NUNNALLY: Final = "Edwards-Nunnally"
GULLIKSEN_LORD_NOVICK: Final = "Gulliksen-Lord-Novick"
METHODS: Final = (JACOBSON_TRUAX, EDWARDS_NUNNALLY, GULLIKSEN_LORD_NOVICK)

RECOVERED: Final = "recovered"
IMPROVED: Final = "improved"
UNCHANGED: Final = "unchanged"
DETERIORATED: Final = "deteriorated"
CLASSES: Final = (RECOVERED, IMPROVED, UNCHANGED, DETERIORATED)


def critical_value(level: float = 0.95) -> float:
    """The normal quantile beyond which a change is reliable (1.96 at 95%)."""
    return float(ndtri(0.5 + level / 2))


def reliable_change_points(sd: float, reliability: float, level: float = 0.95) -> float:
    """The smallest reliable change in points by Jacobson and Truax: z SD sqrt(2 (1 - r)).

    Examples
    --------
    >>> round(reliable_change_points(12.75, 0.93), 2)
    9.35
    """
    _check(sd, reliability)
    return critical_value(level) * sd * float(np.sqrt(2 * (1 - reliability)))


def reliable_change_index(
    method: str, baseline: pd.Series, follow_up: pd.Series, *, mean: float, sd: float, reliability: float
) -> pd.Series:
    """The index of each patient; missing if either score is.

    Parameters
    ----------
    method : one of `METHODS`
    baseline, follow_up : Series of scores, points
    mean, sd : of the scores before treatment; the mean is not used by Jacobson-Truax
    reliability : between 0 and 1

    Raises
    ------
    AnalysisError
        If the method is unknown, the SD is not positive or the reliability not between 0 and 1.
    """
    _check(sd, reliability)
    regressed = mean + reliability * (baseline - mean)
    if method == JACOBSON_TRUAX:
        return (follow_up - baseline) / (sd * np.sqrt(2 * (1 - reliability)))
    if method == EDWARDS_NUNNALLY:
        return (follow_up - regressed) / (sd * np.sqrt(1 - reliability))
    if method == GULLIKSEN_LORD_NOVICK:
        return (follow_up - regressed) / (sd * np.sqrt(1 - reliability**2))
    raise AnalysisError(f"The method {method!r} is not known; choose one of {', '.join(METHODS)}.")


def classify_change(
    index: pd.Series, clinical_before: pd.Series, functional_after: pd.Series, *, direction: int, level: float = 0.95
) -> pd.Series:
    """Classify each patient (ordered categorical); missing if the index is.

    Parameters
    ----------
    index : Series
        Reliable change index.
    clinical_before, functional_after : Series of bool
        On the clinical side of the cut-off at baseline; on the functional side at follow-up.
    direction : +1 where higher scores are better, -1 where lower are.

    Returns
    -------
    recovered: reliably better, and from the clinical to the functional side of the cut-off; improved: reliably
    better otherwise; unchanged; deteriorated: reliably worse.
    """
    limit = critical_value(level)
    better, worse = direction * index > limit, direction * index < -limit
    crossed = better & clinical_before.astype(bool) & functional_after.astype(bool)
    words = np.select([crossed, better, worse], [RECOVERED, IMPROVED, DETERIORATED], UNCHANGED).astype(object)
    words[index.isna().to_numpy()] = None
    return pd.Series(pd.Categorical(words, categories=list(CLASSES), ordered=True), index=index.index)


def _check(sd: float, reliability: float) -> None:
    if not sd > 0:
        raise AnalysisError(f"The SD of the scores before treatment is {sd:g}; a reliable change needs one above 0.")
    if not 0 < reliability < 1:
        raise AnalysisError(f"The reliability is {reliability:g}; expected a number between 0 and 1.")
