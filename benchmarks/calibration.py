"""Type I error and coverage for the format effect at month 3, by simulation.

Counts are added to results/calibration_counts.csv block by block, so that a run can be stopped and taken up again, and
a later run adds draws. The table of all counts so far is written after each run.
"""

import argparse
import itertools
import os
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from results_files import RESULTS, THREADS, say, table, versions, write

os.environ.update(THREADS)

import numpy as np
import pandas as pd
from calibration_draws import CONTRAST, VISITS, Cell, as_frame, draw_scores
from draws_together import Fits, Patients, Slots
from scipy.special import stdtrit

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.estimation.parameters import Parameters
from kap_analysis.mixed.many.stack import Template, make_template
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults

COUNTS = RESULTS / "calibration_counts.csv"
KEY = ["cohorts", "icc", "dropout", "block"]
NESTED = "score ~ visit*(is_group + baseline) + (0 + is_group | cohort) + us(visit | patient)"
IGNORED = "score ~ visit*(is_group + baseline) + us(visit | patient)"
METHODS = {
    "t-test": "t-test on change",
    "ignored": "cohort ignored",
    "normal": "partially nested, z",
    "satterthwaite": "Satterthwaite",
    "kenward-roger": "Kenward-Roger",
    "unbounded": "Kenward-Roger, unbounded",
}
DF_METHODS = ("normal", "satterthwaite", "kenward-roger")
#: Expected of a method, in per cent, at any number of cohorts.
EXPECTED = {"kenward-roger": (0.0, 6.0), "unbounded": (4.0, 6.0)}


@dataclass(frozen=True)
class Estimate:
    """The format effect at month 3 by one method."""

    estimate: float
    std_error: float
    df: float
    boundary: bool = False
    stands_in: bool = False


def change_test(drawn: Patients) -> Estimate:
    """Two-sample t-test of the change at month 3, of those who were seen there."""
    change, group = drawn.score[:, CONTRAST] - drawn.baseline, drawn.is_group
    change, group = change[~np.isnan(change)], group[~np.isnan(change)]
    n, m = int(group.sum()), int((~group).sum())
    squares = ((n - 1) * change[group].var(ddof=1) + (m - 1) * change[~group].var(ddof=1)) / (n + m - 2)
    difference = change[group].mean() - change[~group].mean()
    return Estimate(difference, float(np.sqrt(squares * (1 / n + 1 / m))), n + m - 2)


def fitted(formula: str, frame: pd.DataFrame, **keywords: object) -> MixedResults | None:
    """One fit; None where there is none."""
    try:
        return mixedlm(formula, frame).fit(**keywords)
    except MixedModelError:
        return None


def read_off(fit: MixedResults | None, ddf: str) -> Estimate | None:
    """The format at month 3 under one df method; None where it has none."""
    if fit is None:
        return None
    try:
        one = fit.inference((fit.params.index == "is_group").astype(float)[None, :], ddf)
    except MixedModelError:
        return None
    return Estimate(one.estimate[0], one.std_error[0], one.df[0], fit.singular)


def analyse(drawn: Sequence[Patients]) -> list[dict[str, Estimate | None]]:
    """All methods on each draw; None where a model has no fit. Draws are fitted together as far as they go."""
    slots = Slots.of(drawn)
    sets = slots.data_sets(drawn)
    row = np.zeros(sets.x.shape[2])
    row[len(VISITS) + CONTRAST] = 1.0  # see `Slots.data_sets`
    nested, ignored = (Fits.of(*design(slots, formula), sets) for formula in (NESTED, IGNORED))
    of_nested = {ddf: nested.read(row, ddf) for ddf in DF_METHODS}
    of_ignored = ignored.read(row, "kenward-roger")
    out = []
    for d, one in enumerate(drawn):
        found = {"t-test": change_test(one)}
        if d in nested.place and d in ignored.place:
            boundary = nested.is_on_boundary(d)
            found["ignored"] = Estimate(*of_ignored[ignored.place[d]], ignored.is_on_boundary(d))
            found |= {ddf: Estimate(*numbers[nested.place[d]], boundary) for ddf, numbers in of_nested.items()}
            theta = nested.theta(d) if boundary else None
        else:
            fit = fitted(NESTED, as_frame(one))
            found["ignored"] = read_off(fitted(IGNORED, as_frame(one)), "kenward-roger")
            found |= {ddf: read_off(fit, ddf) for ddf in DF_METHODS}
            theta = fit.theta if fit is not None and fit.singular else None
        out.append(found | {"unbounded": without_bound(one, found["kenward-roger"], theta)})
    return out


def without_bound(drawn: Patients, bounded: Estimate | None, theta: Mapping[str, float] | None) -> Estimate | None:
    """The estimate where the variance of the cohorts may be negative.

    Where it is inside its bound (no `theta`), the fit without the bound is the same. Where it is not, the search starts
    from the bounded fit; if the criterion has no minimum there, the bounded fit stands in, as it would in practice.
    """
    if theta is None:
        return bounded
    found = read_off(fitted(NESTED, as_frame(drawn), bounded=False, start=theta), "kenward-roger")
    return found or (bounded and replace(bounded, stands_in=True))


@cache
def design(slots: Slots, formula: str) -> tuple[Template, Parameters]:
    """A model on all places; its scores and baselines play no part."""
    noise = np.random.default_rng(0).standard_normal((len(slots.cohort), 1 + len(VISITS)))
    everybody = Patients(slots.cohort, noise[:, 0], noise[:, 1:], np.empty((len(noise), 0)))
    model = mixedlm(formula, as_frame(everybody))
    return make_template(model.design), model.parameters


def count_block(cell: Cell, block: int, size: int) -> list[dict[str, object]]:
    """Counts of one block of draws, one row per method; the true effect is 0."""
    rng = np.random.default_rng(cell.seed(block))
    counted = dict.fromkeys(("draws", "failed", "stood_in", "boundary", "rejected", "covered"), 0)
    rows = {name: {"method": name, **counted, "width": 0.0} for name in METHODS}
    for one in analyse([draw_scores(cell, rng) for _ in range(size)]):
        for name, found in one.items():
            row = rows[name]
            row["draws"] += 1
            if found is None:
                row["failed"] += 1
                continue
            half = float(stdtrit(found.df, 0.975)) * found.std_error
            row["rejected"] += int(abs(found.estimate) > half)
            row["covered"] += int(found.estimate - half <= 0.0 <= found.estimate + half)
            row["boundary"] += int(found.boundary)
            row["stood_in"] += int(found.stands_in)
            row["width"] += 2 * half
    key = {"cohorts": cell.cohorts, "icc": cell.icc, "dropout": cell.dropout, "block": block}
    return [{**key, **row} for row in rows.values()]


def summarise(counts: pd.DataFrame) -> pd.DataFrame:
    """Per cell and method: draws, type I error and coverage in per cent with their Monte Carlo standard error."""
    total = (
        counts.drop(columns="block").groupby(["cohorts", "icc", "dropout", "method"], sort=False).sum().reset_index()
    )
    fitted_draws = total["draws"] - total["failed"]
    rate = total["rejected"] / fitted_draws
    return total.assign(
        type_1_error=100 * rate,
        coverage=100 * total["covered"] / fitted_draws,
        monte_carlo_error=100 * np.sqrt(np.maximum(rate * (1 - rate), 0.05 * 0.95 * (rate == 0)) / fitted_draws),
        on_boundary=100 * total["boundary"] / fitted_draws,
        stands_in=100 * total["stood_in"] / fitted_draws,
        mean_width=total["width"] / fitted_draws,
    ).drop(columns="width")


def as_markdown(summary: pd.DataFrame) -> str:
    """Type I error of every cell; coverage is 100 minus it."""
    rows = []
    for key, cell in summary.groupby(["cohorts", "icc", "dropout"], sort=False):
        by = cell.set_index("method")
        rows.append(
            [key[0], f"{key[1]:g}", f"{100 * key[2]:.0f}%", f"{int(by['draws'].max()):,}"]
            + [f"{by.loc[name, 'type_1_error']:.1f}" for name in METHODS]
            + [f"{by.loc['kenward-roger', 'on_boundary']:.0f}", f"{by.loc['unbounded', 'stands_in']:.0f}"]
            + [int(by["failed"].max())]
        )
    header = ["cohorts", "ICC", "lost by month 3", "draws", *METHODS.values()]
    header += ["on the boundary, %", "no unbounded minimum, %", "failed fits"]
    draws = summary["draws"]
    error = 100 * np.sqrt(0.05 * 0.95 / draws.min())
    number = f"{draws.min():,}" + (f" to {draws.max():,}" if draws.max() > draws.min() else "")
    lines = [
        f"Rejection of a true null hypothesis at 5%, in per cent; {number} draws per cell, "
        f"Monte Carlo standard error {error:.1f} points at 5%. The coverage of 95% intervals is 100 minus each "
        "value, because the estimates move with any true effect. "
        "Where the cohort variance is 0 and the criterion without that bound has no minimum while every V stays "
        "positive definite, the bounded fit stands in for the unbounded one; the last column but one says how often.",
        "",
        table(header, rows),
        "",
        pooled_markdown(summary),
    ]
    return "\n".join(lines)


def pooled_markdown(summary: pd.DataFrame) -> str:
    """All cells of a number of cohorts together, and how each method stands to what is expected of it."""
    rows = []
    for cohorts, some in summary.groupby("cohorts"):
        sums = some.groupby("method")[["rejected", "draws", "failed", "covered"]].sum()
        n = sums["draws"] - sums["failed"]
        rate = sums["rejected"] / n
        error = np.sqrt(rate * (1 - rate) / n)
        rows.append([cohorts, *(f"{100 * rate[name]:.2f} ({100 * error[name]:.2f})" for name in METHODS)])
    text = "All cells of a number of cohorts together, with the Monte Carlo standard error:\n\n"
    text += table(["cohorts", *METHODS.values()], rows)
    for name, (low, high) in EXPECTED.items():
        cells = summary[summary["method"] == name]
        beyond = 3 * cells["monte_carlo_error"]
        out = cells[(cells["type_1_error"] > high + beyond) | (cells["type_1_error"] < low - beyond)]
        where = "; ".join(
            f"{row.cohorts} cohorts, ICC {row.icc:g}, {100 * row.dropout:.0f}% lost: {row.type_1_error:.1f}"
            for row in out.itertuples()
        )
        text += (
            f"\n\n{METHODS[name]}: expected {low:g} to {high:g}%; found {cells['type_1_error'].min():.1f} to "
            f"{cells['type_1_error'].max():.1f}%. "
            + (
                f"Outside by more than three Monte Carlo errors: {where}."
                if where
                else "No cell is outside by more than three Monte Carlo errors."
            )
        )
    return text


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=300, help="draws per cell to reach in all (10,000 are enough)")
    parser.add_argument("--block", type=int, default=50, help="draws per block; keep it the same between runs")
    parser.add_argument("--cohorts", type=int, nargs="*", default=[6, 8, 12, 20])
    parser.add_argument("--icc", type=float, nargs="*", default=[0.0, 0.06, 0.15])
    parser.add_argument("--dropout", type=float, nargs="*", default=[0.0, 0.4])
    parser.add_argument("--minutes", type=float, default=np.inf, help="stop beginning blocks after so many minutes")
    parser.add_argument("--tables", action="store_true", help="only write the tables of the counts so far")
    return parser.parse_args()


def main() -> None:
    arguments = read_arguments()
    warnings.simplefilter("ignore")
    RESULTS.mkdir(exist_ok=True)
    counts = pd.read_csv(COUNTS) if COUNTS.exists() else pd.DataFrame(columns=[*KEY, "method"])
    done = {tuple(map(float, key)) for key in counts[KEY].itertuples(index=False)}
    cells = [Cell(*c) for c in itertools.product(arguments.cohorts, arguments.icc, arguments.dropout)]
    blocks = range(-(-arguments.draws // arguments.block))
    todo = [(b, c) for b in blocks for c in cells if (c.cohorts, c.icc, c.dropout, b) not in done]
    began = time.monotonic()
    for at, (block, cell) in enumerate([] if arguments.tables else todo):
        if time.monotonic() - began > 60 * arguments.minutes:
            break
        rows = pd.DataFrame(count_block(cell, block, arguments.block))
        rows.to_csv(COUNTS, mode="a", header=not COUNTS.exists(), index=False)
        say(f"block {at + 1} of {len(todo)}: {cell}, {time.monotonic() - began:.0f} s")
    counts = pd.read_csv(COUNTS).sort_values(["cohorts", "icc", "dropout", "block"], kind="stable")
    summary = summarise(counts)
    content = {"versions": versions(), "model": NESTED, "cells": summary.to_dict("records")}
    write("calibration", content, as_markdown(summary))


if __name__ == "__main__":
    sys.exit(main())
