"""Non-inferiority and equivalence of group and individual format at a stated margin.

With d = group minus individual on a scale on which lower is better (signs reversed where higher is better):

non-inferiority   upper limit of the 95% interval below the margin (one-sided 2.5%)
equivalence       90% interval inside minus to plus the margin (two one-sided 5% tests)

There is no default margin: an important change within a patient is far too large a difference between arms.
"""

import pandas as pd
from scipy.special import stdtr, stdtrit

from kap_analysis.analysis.model.plan import check_margin
from kap_analysis.writing.sentences import in_points, interval, p_statement

NON_INFERIORITY = "non-inferiority"
EQUIVALENCE = "equivalence"
#: Multiples of the stated margin for which the conclusion is shown.
RANGE = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)


def assess_margins(
    estimate: float, std_error: float, df: float, margin: float, *, higher_is_better: bool = False
) -> pd.DataFrame:
    """Non-inferiority and equivalence of group format over a range of margins around the stated one.

    Returns
    -------
    DataFrame
        ``kind`` (non-inferiority, equivalence), ``margin`` (points), ``is_stated``, ``ci_level``, ``ci_low``,
        ``ci_high`` (of group minus individual), ``p_value`` (one-sided), ``holds`` (bool), ``conclusion``.

    Raises
    ------
    AnalysisError
        If the margin is not a positive number.
    """
    margin = check_margin(margin)
    rows = []
    for multiple in RANGE:
        bound = margin * multiple
        rows.append({**_non_inferiority(estimate, std_error, df, bound, higher_is_better), "is_stated": multiple == 1})
        rows.append({**_equivalence(estimate, std_error, df, bound), "is_stated": multiple == 1})
    order = ["kind", "margin", "is_stated", "ci_level", "ci_low", "ci_high", "p_value", "holds", "conclusion"]
    return pd.DataFrame(rows).sort_values(["kind", "margin"], ascending=[False, True], ignore_index=True)[order]


def _non_inferiority(estimate: float, error: float, df: float, margin: float, higher: bool) -> dict[str, object]:
    half = float(stdtrit(df, 0.975)) * error
    worse = -estimate if higher else estimate
    p = float(stdtr(df, (worse - margin) / error))
    holds = worse + half < margin
    low, high = estimate - half, estimate + half
    said = "was non-inferior" if holds else "was not shown to be non-inferior"
    conclusion = (
        f"group format {said} to individual format at a margin of {in_points(margin)} "
        f"(95% interval {interval(low, high, marks=(0.0, margin, -margin))}; one-sided {p_statement(p)})"
    )
    return _row(NON_INFERIORITY, margin, 0.95, low, high, p, holds, conclusion)


def _equivalence(estimate: float, error: float, df: float, margin: float) -> dict[str, object]:
    half = float(stdtrit(df, 0.95)) * error
    low, high = estimate - half, estimate + half
    p = float(max(stdtr(df, (estimate - margin) / error), stdtr(df, (-estimate - margin) / error)))
    holds = -margin < low and high < margin
    said = "were equivalent" if holds else "were not shown to be equivalent"
    conclusion = (
        f"the formats {said} within {in_points(margin)} "
        f"(90% interval {interval(low, high, marks=(0.0, margin, -margin))}; two one-sided tests {p_statement(p)})"
    )
    return _row(EQUIVALENCE, margin, 0.90, low, high, p, holds, conclusion)


def _row(kind: str, margin: float, level: float, low: float, high: float, p: float, holds: bool, said: str) -> dict:
    return {
        "kind": kind, "margin": margin, "ci_level": level, "ci_low": low, "ci_high": high, "p_value": p,
        "holds": bool(holds), "conclusion": said,
    }  # fmt: skip
