"""The primary analysis beside those that leave something out, on the simulated study whose truth is known.

Each draw is a study of 235 patients in three practices as `kap simulate` makes it. The truth is the effect of group
format at month 3 on the BDI-II as it is recorded: both potential outcomes of a million patients, nobody lost (see
kap_analysis/simulation/truth.py). Counts are added to results/primary_analysis_counts.csv block by block, so that a
run can be stopped and taken up again, and a later run adds draws.
"""

import argparse
import os
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from results_files import RESULTS, THREADS, say, table, versions, write

os.environ.update(THREADS)

import numpy as np
import pandas as pd
from primary_analysis_methods import METHODS, N_BOOTSTRAP, N_IMPUTATIONS, PLAN, SHARES, VISIT, WEIGHTED, analyse
from scipy.special import stdtrit

from kap_analysis.simulation.outcomes import simulate_outcomes
from kap_analysis.simulation.scenario import make_scenario

COUNTS = RESULTS / "primary_analysis_counts.csv"
NAMES = METHODS | WEIGHTED
#: A seed of the simulation per draw: settings share their draws, so that they can be compared.
FIRST_SEED = 1_000_000
KEY = ["allocation", "dropout", "block"]
ADDED = ["draws", "failed", "covered", "error", "squares", "variance", "width", "sd", "full", "boundary"]
#: Required of the primary analysis where allocation and dropout depend on recorded scores only.
COVERAGE = (94.0, 96.5)
BIAS = 0.02
#: A bias counts as shown beyond so many Monte Carlo standard errors.
BEYOND = 3


@dataclass(frozen=True)
class Setting:
    """What allocation looked at, and what dropout depended on."""

    allocation: str
    dropout: str

    @property
    def words(self) -> str:
        """The setting as a heading."""
        allocated = {"recorded": "the recorded intake score", "latent": "the severity behind the score"}
        lost = {"recorded": "the last recorded score", "unseen": "the score that is not seen", "none": "nothing"}
        end = "nobody is lost" if self.dropout == "none" else f"loss depends on {lost[self.dropout]}"
        return f"Format depends on {allocated[self.allocation]}; {end}"


SETTINGS = [
    Setting("recorded", "recorded"),
    Setting("latent", "recorded"),
    Setting("recorded", "unseen"),
    Setting("recorded", "none"),
]


def count_block(setting: Setting, block: int, size: int, wanted: Sequence[str]) -> list[dict[str, object]]:
    """Sums over one block of draws, one row per wanted method."""
    rows = {name: dict.fromkeys(ADDED, 0.0) for name in wanted}
    for seed in range(FIRST_SEED + block * size, FIRST_SEED + (block + 1) * size):
        scenario = make_scenario(allocation=setting.allocation, dropout=setting.dropout)
        drawn = simulate_outcomes(seed=seed, scenario=scenario)
        truth = drawn.effect(VISIT)
        found, sd = analyse(drawn.frame, wanted)
        for name, one in found.items():
            row = rows[name]
            row["draws"] += 1
            row["sd"] += sd
            if one is None:
                row["failed"] += 1
                continue
            half = float(stdtrit(one.df, 0.975)) * one.std_error
            error = one.estimate - truth
            added = {"covered": abs(error) <= half, "error": error, "squares": error**2, "width": 2 * half}
            added |= {"variance": one.std_error**2, "full": one.full, "boundary": one.boundary}
            for column, value in added.items():
                row[column] += float(value)
    key = {"allocation": setting.allocation, "dropout": setting.dropout, "block": block}
    return [{**key, "method": name, **row, "truth": truth} for name, row in rows.items()]


def summarise(counts: pd.DataFrame) -> pd.DataFrame:
    """Per setting and method: coverage, bias and width, with Monte Carlo standard errors."""
    by = ["allocation", "dropout", "method", "truth"]
    total = counts.groupby(by, sort=False)[ADDED].sum().reset_index()
    n = total["draws"] - total["failed"]
    bias, covered = total["error"] / n, total["covered"] / n
    spread = np.sqrt((total["squares"] - n * bias**2) / (n - 1))
    sd = total["sd"] / total["draws"]
    return total[by].assign(
        draws=total["draws"].astype(int),
        failed=total["failed"].astype(int),
        coverage=100 * covered,
        coverage_error=100 * np.sqrt(covered * (1 - covered) / n),
        bias=bias,
        bias_error=spread / np.sqrt(n),
        bias_share=bias / sd,
        bias_share_error=spread / np.sqrt(n) / sd,
        width=total["width"] / n,
        empirical_se=spread,
        model_se=np.sqrt(total["variance"] / n),
        full_model=100 * total["full"] / n,
        on_boundary=100 * total["boundary"] / n,
        baseline_sd=sd,
    )


def verdicts(part: pd.DataFrame, setting: Setting) -> list[str]:
    """What a setting should give, and what it gave."""
    by = part.set_index("method").drop(index=list(WEIGHTED), errors="ignore")
    primary = by.loc["primary"]
    wrong = by["bias"].abs() > BEYOND * by["bias_error"]
    told = [
        f"The full model of the ladder was fitted in {primary['full_model']:.1f}% of the draws; the cohort variance "
        f"was estimated as 0 in {primary['on_boundary']:.0f}%."
    ]
    if setting.allocation == "latent":
        by, wrong = by.drop(index="growing", errors="ignore"), wrong.drop(index="growing", errors="ignore")
        named = [METHODS[name] for name in by.index[wrong]]
        all_wrong = "Every analysis is" if len(named) == len(by) else f"{', '.join(named)}: these are"
        return [
            f"{all_wrong} biased by more than {BEYOND} Monte Carlo standard errors: what kept patients out of groups "
            "was not recorded, and no adjustment for what was recorded mends that.",
            *told,
        ]
    if setting.dropout != "unseen":
        told.insert(0, required_of_the_primary(primary))
    raw, change = by.loc["raw score", "bias"], by.loc["raw change", "bias"]
    sides = "in opposite directions" if raw * change < 0 else "in the same direction"
    told.insert(
        1,
        f"Raw scores err by {raw:+.2f} and raw change by {change:+.2f} points, {sides}; complete cases by "
        f"{by.loc['complete', 'bias']:+.2f} ({'beyond' if wrong['complete'] else 'within'} {BEYOND} Monte Carlo "
        "standard errors).",
    )
    return told


def growing_words(counts: pd.DataFrame, setting: Setting) -> list[str]:
    """What one variance of the cohorts for all visits costs the primary analysis, on the draws that both analysed."""
    here = counts[(counts["allocation"] == setting.allocation) & (counts["dropout"] == setting.dropout)]
    shared = here.loc[here["method"] == "growing", "block"]
    if shared.empty:
        return []
    by = summarise(here[here["block"].isin(shared)]).set_index("method")
    grown, primary = by.loc["growing"], by.loc["primary"]
    return [
        "The primary model has one variance of the cohorts for all visits; in truth their effect grows from "
        f"{100 * min(SHARES.values()):.0f} to {100 * max(SHARES.values()):.0f}% of that at month 3. On the "
        f"{grown['draws']:,} draws that both analysed, a model that knew this had a standard error of "
        f"{grown['model_se']:.3f} instead of {primary['model_se']:.3f} (the estimates' own: "
        f"{primary['empirical_se']:.3f}) and covered {grown['coverage']:.1f} instead of {primary['coverage']:.1f}%."
    ]


def weighted_words(counts: pd.DataFrame, setting: Setting) -> list[str]:
    """Do the weighted analyses cover as the primary one does, on the draws that all analysed?"""
    here = counts[(counts["allocation"] == setting.allocation) & (counts["dropout"] == setting.dropout)]
    shared = here.loc[here["method"].isin(WEIGHTED), "block"]
    if shared.empty:
        return []
    by = summarise(here[here["block"].isin(shared)]).set_index("method")
    primary, weighted = by.loc["primary"], by.loc[[name for name in WEIGHTED if name in by.index]]
    error = np.hypot(weighted["coverage_error"], primary["coverage_error"])
    apart = (weighted["coverage"] - primary["coverage"]).abs() / error
    said = [
        f"{WEIGHTED[name]} {row['coverage']:.1f} ({row['coverage_error']:.1f})" for name, row in weighted.iterrows()
    ]
    verdict = f"within {BEYOND}" if apart.max() <= BEYOND else f"beyond {BEYOND}"
    return [
        f"All who started, weighted for how they were allocated, with scores imputed (`check_allocation`, "
        f"{N_IMPUTATIONS} imputations and {N_BOOTSTRAP} bootstrap samples): on the {weighted['draws'].min():,} draws "
        f"that all analysed, coverage of the primary analysis was {primary['coverage']:.1f} "
        f"({primary['coverage_error']:.1f}), of the others: {'; '.join(said)}. The largest difference is "
        f"{apart.max():.1f} Monte Carlo standard errors ({verdict})."
    ]


def required_of_the_primary(row: pd.Series) -> str:
    """Coverage and bias of the primary analysis, each with the range that it should be in."""
    allowed = BIAS + 2 * row["bias_share_error"]
    small = "met" if abs(row["bias_share"]) < allowed else "not met"
    inside = COVERAGE[0] <= row["coverage"] <= COVERAGE[1]
    near = COVERAGE[0] - 2 * row["coverage_error"] <= row["coverage"] <= COVERAGE[1] + 2 * row["coverage_error"]
    met = "met" if inside else "not met, by less than two Monte Carlo standard errors" if near else "not met"
    return (
        f"Primary analysis: coverage should be {COVERAGE[0]:g} to {COVERAGE[1]:g}%, was {row['coverage']:.1f}% "
        f"({met}); |bias| should be under {100 * allowed:.1f}% of the baseline SD (2% plus two Monte Carlo standard "
        f"errors), was {100 * abs(row['bias_share']):.1f}% ({small})."
    )


def as_markdown(summary: pd.DataFrame, counts: pd.DataFrame) -> str:
    """One table per setting."""
    header = ["method", "coverage, %", "bias, points", "bias, % of the baseline SD", "mean width, points"]
    header += ["SE of the model", "SD of the estimates", "draws", "refused"]
    lines = [
        "Group minus individual format, BDI-II at month 3; in brackets the Monte Carlo standard error. Coverage is "
        "that of 95% intervals. The bias is the mean estimate minus the truth."
    ]
    for setting in SETTINGS:
        part = summary[(summary["allocation"] == setting.allocation) & (summary["dropout"] == setting.dropout)]
        if "primary" not in set(part["method"]):
            continue
        few_and_many = sorted({part["draws"].min(), part["draws"].max()})
        part = part.sort_values("method", key=lambda names: names.map(list(NAMES).index))
        rows = [
            [
                NAMES[row.method],
                f"{row.coverage:.1f} ({row.coverage_error:.1f})",
                f"{row.bias:+.2f} ({row.bias_error:.2f})",
                f"{100 * row.bias_share:+.1f} ({100 * row.bias_share_error:.1f})",
                f"{row.width:.2f}",
                f"{row.model_se:.2f}",
                f"{row.empirical_se:.2f}",
                f"{row.draws:,}",
                row.failed,
            ]
            for row in part.itertuples()
        ]
        lines += [
            f"**{setting.words}.** {' to '.join(f'{n:,}' for n in few_and_many)} draws; "
            f"truth {part['truth'].iloc[0]:+.2f} points; baseline SD {part['baseline_sd'].iloc[0]:.1f}.",
            table(header, rows),
            *verdicts(part, setting),
            *growing_words(counts, setting),
            *weighted_words(counts, setting),
        ]
    return "\n\n".join(lines)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=2000, help="draws per setting to reach in all")
    parser.add_argument("--block", type=int, default=100, help="draws per block; keep it the same between runs")
    parser.add_argument("--settings", type=int, nargs="*", default=range(len(SETTINGS)), help="places in SETTINGS")
    parser.add_argument("--methods", nargs="*", default=list(METHODS), choices=list(NAMES))
    parser.add_argument("--minutes", type=float, default=np.inf, help="stop beginning blocks after so many minutes")
    parser.add_argument("--tables", action="store_true", help="only write the tables of the counts so far")
    return parser.parse_args()


def main() -> None:
    arguments = read_arguments()
    warnings.simplefilter("ignore")
    RESULTS.mkdir(exist_ok=True)
    counts = pd.read_csv(COUNTS) if COUNTS.exists() else pd.DataFrame(columns=[*KEY, "method"])
    done = {tuple(key) for key in counts[[*KEY, "method"]].itertuples(index=False)}
    chosen = [SETTINGS[place] for place in arguments.settings]
    blocks = range(-(-arguments.draws // arguments.block))
    todo = [
        (s, b, missing)
        for s in chosen
        for b in blocks
        if (missing := [m for m in arguments.methods if (s.allocation, s.dropout, b, m) not in done])
    ]
    began = time.monotonic()
    for at, (setting, block, missing) in enumerate([] if arguments.tables else todo):
        if time.monotonic() - began > 60 * arguments.minutes:
            break
        rows = pd.DataFrame(count_block(setting, block, arguments.block, missing))
        rows.to_csv(COUNTS, mode="a", header=not COUNTS.exists(), index=False)
        say(f"block {at + 1} of {len(todo)}: {setting}, {time.monotonic() - began:.0f} s")
    counts = pd.read_csv(COUNTS).sort_values(KEY, kind="stable")
    summary = summarise(counts)
    content = {"versions": versions(), "plan": PLAN.to_dict(), "settings": summary.to_dict("records")}
    write("primary_analysis", content, as_markdown(summary, counts))


if __name__ == "__main__":
    sys.exit(main())
