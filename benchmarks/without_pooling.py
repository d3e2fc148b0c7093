"""Practices without pooling: how far from the pooled rows, in how many rounds, with how large answers.

    python benchmarks/without_pooling.py

On the three practices of the shipped study, by the primary and the growth model.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from results_files import table, versions, write

import kap_analysis as kap
from kap_analysis.analysis.model.plan_file import study_plan
from kap_analysis.analysis.model.primary_model import fit_primary, format_estimates
from kap_analysis.mixed.results import MixedResults

STUDY = Path(__file__).parents[1] / "data" / "three_practices"
#: What the comparison has to reach.
EQUAL, ROUNDS, BYTES = 1e-8, 10, 100_000


def compare(name: str, pooled: kap.PooledComparison, fit: MixedResults, rows: pd.DataFrame) -> dict[str, Any]:
    """The largest differences of criterion, coefficients and contrasts, and what was exchanged."""
    own = fit.coefficients().set_index("term").loc[pooled.coefficients["term"]].reset_index()
    apart = {"estimate": 0.0, "std_error": 0.0, "df": 0.0}
    for mine, theirs in ((pooled.coefficients, own), (pooled.contrasts, rows)):
        size = theirs["std_error"].to_numpy()
        apart["estimate"] = max(
            apart["estimate"], np.abs((mine["estimate"].to_numpy() - theirs["estimate"]) / size).max()
        )
        for column in ("std_error", "df"):
            apart[column] = max(apart[column], np.abs(mine[column].to_numpy() / theirs[column].to_numpy() - 1).max())
    assert pooled.fit is not None
    return {
        "model": name,
        "rows": int(fit.nobs),
        "columns": len(own),
        "parameters": len(fit.theta),
        "criterion": abs(pooled.fit.criterion - fit.solution.criterion.value),
        **{column: float(value) for column, value in apart.items()},
        "rounds": len(pooled.rounds),
        "bytes": int(pooled.rounds["answer_bytes"].max()),
    }


def main() -> None:
    """Pool, fit the pooled rows, and write both beside each other."""
    study = kap.load_study(STUDY)
    plan = study_plan(study)
    outcomes = study.outcomes(plan.instrument, format_rule=plan.format_rule, cohort_rule=plan.cohort_rule)
    model, rung, fit, _ = fit_primary(outcomes, plan, plan.visit)
    rows = format_estimates(fit, model, plan.visit, rung)[1]
    found = [compare("primary", kap.pool_practices(study), fit, rows)]
    curves = kap.model_trajectories(outcomes)
    assert curves.fit is not None
    found.append(compare("growth", kap.pool_practices(study, question="trajectory"), curves.fit, curves.slopes))
    equal = all(max(one["criterion"], one["estimate"], one["std_error"], one["df"]) < EQUAL for one in found)
    met = "met" if equal and all(one["rounds"] <= ROUNDS and one["bytes"] < BYTES for one in found) else "NOT met"
    header = (
        "model", "rows", "columns", "covariance parameters", "criterion", "estimates, in SE", "SE, relative",
        "df, relative", "rounds", "largest answer, bytes",
    )  # fmt: skip
    shown = [
        (
            one["model"], one["rows"], one["columns"], one["parameters"],
            *(f"{one[name]:.0e}" for name in ("criterion", "estimate", "std_error", "df")), one["rounds"],
            f"{one['bytes']:,}",
        )
        for one in found
    ]  # fmt: skip
    text = (
        "The three practices of the shipped study exchange sums; the largest difference from the fit of their pooled "
        "rows.\n\n"
        f"{table(header, shown)}\n\n"
        f"Asked for: {EQUAL:.0e} everywhere, at most {ROUNDS} rounds, answers under {BYTES // 1000} kB. "
        f"{met[0].upper()}{met[1:]}."
    )
    write("without_pooling", {"versions": versions(), "found": found}, text)


if __name__ == "__main__":
    main()
