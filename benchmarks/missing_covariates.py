"""How the primary analysis should take covariates that were not recorded: a rule, and draws of known truth.

The rule was written down before any draw was made. A handling is suitable if in every setting its bias, beside the same
draw with nothing missing, is below a tenth of the confounding (the bias of leaving the covariates out) or within three
Monte Carlo standard errors, and its 95% intervals cover the truth in 94 to 96.5% of the draws or miss that by less than
two Monte Carlo standard errors. Of the suitable ones the narrowest is chosen; among those whose widths differ by less
than 2%, the one without random draws, whose answer depends on no seed.

A draw is one study of 160 patients in three practices: cohorts of four, scores at months 1, 3 and 6, loss that depends
on the last recorded score. Two covariates decide format and outcome: a number, and a category of three levels. 30% of
each are missing: completely at random, or more often in groups and at high baseline scores. The code shares nothing
with kap_analysis/simulation. Sums are added to results/missing_covariates_counts.csv block by block.
"""

import argparse
import os
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace

from results_files import RESULTS, THREADS, say, table, versions, write

os.environ.update(THREADS)

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from kap_analysis.analysis.missing.imputed_contrast import ImputedContrast
from kap_analysis.analysis.missing.imputed_outcomes import complete_scores
from kap_analysis.analysis.missing.rubin import pool
from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.model.primary_model import fit_primary, format_estimates
from kap_analysis.analysis.sensitivity.other_data import expect_covariates
from kap_analysis.errors import KapError
from kap_analysis.study.outcome_frames.outcomes import Outcomes

COUNTS = RESULTS / "missing_covariates_counts.csv"
VISITS = ("month 1", "month 3", "month 6")
TRUTH, AT = 2.0, "month 3"
PATIENTS, SHARE, IMPUTATIONS = 160, 0.3, 10
COVERAGE, SMALL_BIAS, BEYOND, ALIKE = (94.0, 96.5), 0.1, 3, 1.02
PLAN = Plan("BDI-II", AT, covariates=("burden", "kind"))
SETTINGS = {
    "at random": "30% missing completely at random",
    "by format": "30% missing, more often in groups and at high baseline scores",
}
COMPLETE, LEFT_OUT = "nothing missing", "covariates left out"
HANDLINGS = {
    COMPLETE: False,
    LEFT_OUT: False,
    "patients with all covariates": False,
    "mean and indicator, own level": False,
    "expected value": False,
    "covariates imputed with the scores": True,
    "covariates and scores imputed": True,
}
KEY = ["setting", "block", "handling"]
Found = tuple[float, float, float]


def draw_study(setting: str, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row per patient and visit, baseline included: everything recorded, and with covariates missing."""
    rng = np.random.default_rng([sorted(SETTINGS).index(setting), seed])
    n = PATIENTS
    practice, severity = rng.integers(0, 3, n), rng.normal(0, 1, n)
    kind = np.clip(np.rint(0.7 * severity + rng.normal(1, 0.8, n)), 0, 2).astype(int)
    burden = 0.5 * severity + 0.5 * kind + rng.normal(0, 1, n)
    baseline = 28 + 6 * severity + 2 * practice + rng.normal(0, 4, n)
    wish = 0.9 * burden + 0.6 * kind - 0.3 * severity + rng.logistic(size=n)
    group = wish > np.quantile(wish, 0.6)
    cohort = np.where(group, (np.cumsum(group) - 1) // 4, -1)
    shared = np.where(group, rng.normal(0, 1.5, cohort.max() + 2)[cohort], 0.0)
    level = baseline - 10 + 2.5 * burden + 2.0 * kind + TRUTH * group + shared - 0.3 * (baseline - 28)
    own = rng.normal(0, 4, n)
    score = level[:, None] + own[:, None] + rng.normal(0, 4, (n, 3))
    seen = np.ones((n, 3), bool)
    for at in (1, 2):
        stays = rng.random(n) > 1 / (1 + np.exp(2.2 - 0.06 * (score[:, at - 1] - 20)))
        seen[:, at] = seen[:, at - 1] & stays
    lean = 1.2 * group + 0.08 * (baseline - 28) if setting == "by format" else np.zeros(n)
    people = pd.DataFrame(
        {
            "patient_id": [f"p{i:03d}" for i in range(n)],
            "practice": np.array(["A", "B", "C"])[practice],
            "format": np.where(group, "group", "individual"),
            "cohort_id": [f"c{i:02d}" if i >= 0 else None for i in cohort],
            "burden": burden,
            "kind": np.array(["anxiety", "mood", "trauma"])[kind],
        }
    )
    gone = {name: _most(lean + rng.logistic(size=n)) for name in ("burden", "kind")}
    holes = people.assign(**{name: people[name].where(~lost) for name, lost in gone.items()})
    return _long(people, baseline, score, seen), _long(holes, baseline, score, seen)


def _most(leaning: np.ndarray) -> np.ndarray:
    return np.asarray(leaning > np.quantile(leaning, 1 - SHARE))


def _long(people: pd.DataFrame, baseline: np.ndarray, score: np.ndarray, seen: np.ndarray) -> pd.DataFrame:
    parts = [people.assign(visit="baseline", score=baseline)]
    parts += [people.assign(visit=visit, score=score[:, at])[seen[:, at]] for at, visit in enumerate(VISITS)]
    return pd.concat(parts, ignore_index=True)


def _outcomes(frame: pd.DataFrame) -> Outcomes:
    return Outcomes.from_frame(frame, instrument="BDI-II", visits=VISITS, outside_range=100, is_simulated=True)


def _primary(frame: pd.DataFrame, covariates: tuple[str, ...]) -> Found:
    plan = replace(PLAN, covariates=covariates)
    model, rung, fit, _ = fit_primary(_outcomes(frame), plan, AT)
    row = format_estimates(fit, model, AT, rung)[1].set_index("visit").loc[AT]
    return float(row["estimate"]), float(row["std_error"]), float(row["df"])


def _expected(frame: pd.DataFrame) -> Found:
    outcomes = _outcomes(frame)
    _, rung, _, _ = fit_primary(outcomes, PLAN, AT)
    ((_, _, _, compute),) = expect_covariates(outcomes, PLAN, rung)
    row = compute()
    return row["estimate"], row["std_error"], row["df"]


def analyse(everything: pd.DataFrame, holes: pd.DataFrame, seed: int) -> Iterator[tuple[str, Found]]:
    """Every handling on one draw: estimate, standard error and df."""
    yield COMPLETE, _primary(everything, PLAN.covariates)
    yield LEFT_OUT, _primary(everything, ())
    whole = holes[holes["burden"].notna() & holes["kind"].notna()]
    yield "patients with all covariates", _primary(whole, PLAN.covariates)
    yield "mean and indicator, own level", _primary(holes, PLAN.covariates)
    yield "expected value", _expected(holes)
    completed, covariates = complete_scores(_outcomes(holes), PLAN, AT, IMPUTATIONS, seed)
    names = tuple(name for name in covariates if name != "practice")
    found = []
    for which in range(IMPUTATIONS):
        drawn = completed.people(which).set_index("patient_id")
        filled = holes.assign(**{name: holes["patient_id"].map(drawn[name]).astype(float) for name in names})
        found.append(_primary(filled, names))
    values = np.array(found)
    pooled = pool(values[:, 0], values[:, 1], float(values[:, 2].mean()))
    yield "covariates imputed with the scores", (pooled.estimate, pooled.std_error, pooled.df)
    both = ImputedContrast(completed, covariates, AT).pooled(completed.scores)
    yield "covariates and scores imputed", (both.estimate, both.std_error, both.df)


def count_block(setting: str, block: int, size: int) -> pd.DataFrame:
    """Sums over one block of draws, one row per handling; a draw that any handling refuses is left out."""
    sums = ("draws", "covered", "error", "squares", "apart", "apart_squares", "width")
    rows = {name: dict.fromkeys(sums, 0.0) for name in HANDLINGS}
    for seed in range(block * size, (block + 1) * size):
        try:
            found = dict(analyse(*draw_study(setting, seed), seed))
        except KapError as error:
            say(f"{setting} {seed}: {error}")
            continue
        for name, (estimate, std_error, df) in found.items():
            half = float(stdtrit(df, 0.975)) * std_error
            error, apart = estimate - TRUTH, estimate - found[COMPLETE][0]
            added = {"draws": 1, "covered": abs(error) <= half, "error": error, "squares": error**2}
            added |= {"apart": apart, "apart_squares": apart**2, "width": 2 * half}
            for column, value in added.items():
                rows[name][column] += float(value)
    return pd.DataFrame([{"setting": setting, "block": block, "handling": name, **row} for name, row in rows.items()])


def summarise(counts: pd.DataFrame) -> pd.DataFrame:
    """Per setting and handling: bias beside nothing missing, coverage and width, with Monte Carlo standard errors."""
    total = counts.groupby(["setting", "handling"], sort=False).sum(numeric_only=True).reset_index()
    n = total["draws"]
    bias, covered = total["apart"] / n, total["covered"] / n
    found = total[["setting", "handling", "draws"]].assign(
        bias=bias,
        bias_error=np.sqrt((total["apart_squares"] / n - bias**2) / n),
        coverage=100 * covered,
        coverage_error=100 * np.sqrt(np.clip(covered * (1 - covered), 0.0475, None) / n),
        width=total["width"] / n,
        spread=np.sqrt(total["squares"] / n - (total["error"] / n) ** 2),
    )
    confounding = found[found["handling"] == LEFT_OUT].set_index("setting")["bias"]
    found["confounding"] = found["setting"].map(confounding)
    return found


def choose(found: pd.DataFrame) -> tuple[list[str], str]:
    """The suitable handlings, and the one that the rule chooses (empty: none)."""
    unbiased = found["bias"].abs() < (SMALL_BIAS * found["confounding"].abs()).clip(lower=BEYOND * found["bias_error"])
    room = 2 * found["coverage_error"]
    covers = found["coverage"].between(COVERAGE[0] - room, COVERAGE[1] + room)
    fits = (unbiased & covers).groupby(found["handling"], sort=False).all()
    suitable = [name for name in HANDLINGS if fits[name] and name not in (COMPLETE, LEFT_OUT)]
    if not suitable:
        return [], ""
    widths = found.groupby("handling")["width"].mean()[suitable]
    near = [name for name in suitable if widths[name] < ALIKE * widths.min()]
    return suitable, min(near, key=lambda name: (HANDLINGS[name], widths[name]))


def as_markdown(found: pd.DataFrame) -> str:
    """A table per setting, and what the rule chooses."""
    lines = [
        "Group minus individual at month 3 by the primary model; truth 2 points, 160 patients. The bias is that beside "
        "the same draws with nothing missing; in brackets Monte Carlo standard errors."
    ]
    header = ["handling", "bias", "% of the confounding", "coverage, %", "mean width", "SD of the estimates"]
    for setting, words in SETTINGS.items():
        part = found[found["setting"] == setting]
        rows = [
            [
                row.handling,
                f"{row.bias:+.2f} ({row.bias_error:.2f})",
                f"{100 * row.bias / row.confounding:.0f}",
                f"{row.coverage:.1f} ({row.coverage_error:.1f})",
                f"{row.width:.2f}",
                f"{row.spread:.2f}",
            ]
            for row in part.itertuples()
        ]
        lines += [f"**{words}**, {int(part['draws'].max()):,} draws.", table(header, rows)]
    suitable, chosen = choose(found)
    lines.append(
        f"Suitable by the rule of [missing_covariates.py](missing_covariates.py): {'; '.join(suitable) or 'none'}. "
        f"Chosen: {chosen or 'none'}."
    )
    return "\n\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1000, help="draws per setting to reach in all")
    parser.add_argument("--block", type=int, default=10, help="draws per block; keep it the same between runs")
    parser.add_argument("--settings", nargs="*", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--minutes", type=float, default=np.inf, help="begin no block after so many minutes")
    parser.add_argument("--tables", action="store_true", help="only write the tables of the counts so far")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    RESULTS.mkdir(exist_ok=True)
    began = time.monotonic()
    for block in range(0 if arguments.tables else arguments.draws // arguments.block):
        for setting in arguments.settings:
            done = pd.read_csv(COUNTS) if COUNTS.exists() else pd.DataFrame(columns=KEY)
            if ((done["setting"] == setting) & (done["block"] == block)).any():
                continue
            if time.monotonic() - began < 60 * arguments.minutes:
                rows = count_block(setting, block, arguments.block)
                rows.to_csv(COUNTS, mode="a", header=not COUNTS.exists(), index=False)
                say(f"{setting}, block {block}: {time.monotonic() - began:.0f} s")
    found = summarise(pd.read_csv(COUNTS).sort_values(["block"], kind="stable"))
    write("missing_covariates", {"versions": versions(), "settings": found.to_dict("records")}, as_markdown(found))


if __name__ == "__main__":
    sys.exit(main())
