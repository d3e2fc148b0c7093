"""Which of five candidates should be the primary analysis: a rule, and the draws that it is applied to.

The rule was written down before any draw was made.

1.  The settings are those of primary_analysis.py where allocation and dropout depend on recorded scores only, and the
    six designs of primary_analysis_designs.py: eight in all. 10,000 draws each, the same for every candidate.
2.  A candidate is suitable if its 95% intervals cover the truth in 94 to 96.5% of the draws in every setting.
3.  Of the suitable ones the narrowest is chosen: the mean over the settings of its mean width as a share of the plan
    model's.
4.  If none is suitable, too cautious is the smaller error: of those with at least 94% in every setting the narrowest.
5.  If none has that either, the plan model stays, and the tables say where it falls short.

Before 10,000 draws a coverage counts as inside or outside the range only where it is so by two Monte Carlo standard
errors (sqrt(p (1 - p) / n), p no nearer to 1 than one draw); else the verdict is open. No model is changed on open
verdicts. What the comparison of two candidates rests on is paired: draws that one covers and the plan model does not.

Counts are added to results/primary_analysis_choice_counts.csv block by block, so that a run can be stopped and taken up
again. Two processes share the work with --share 1/2 and --share 2/2.
"""

import argparse
import os
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from results_files import RESULTS, THREADS, say, table, versions, write

os.environ.update(THREADS)

import numpy as np
import pandas as pd
from primary_analysis import COVERAGE, FIRST_SEED
from primary_analysis_candidates import CANDIDATES, PLAN_MODEL, Found
from primary_analysis_settings import NAMES, analyse_draws, truth, words
from scipy.special import stdtrit

COUNTS = RESULTS / "primary_analysis_choice_counts.csv"
ENOUGH = 10_000
#: Blocks whose draws are analysed together.
TOGETHER = 4
KEY = ["setting", "block", "candidate"]
ADDED = ["draws", "failed", "covered", "gained", "lost", "error", "squares", "variance", "width", "df", "full"]
ADDED += ["boundary", "fell_back", "seconds"]


def count_blocks(name: str, blocks: Sequence[int], size: int) -> tuple[pd.DataFrame, int]:
    """Sums over blocks of draws, one row per block and candidate; and how many draws were analysed alone."""
    true = truth(name)  # computed once per process; its time is not that of a draw
    began = time.process_time()
    seeds = [FIRST_SEED + block * size + at for block in blocks for at in range(size)]
    found, alone = analyse_draws(name, seeds)
    seconds = (time.process_time() - began) / len(blocks)
    made = []
    for at, block in enumerate(blocks):
        rows = sums(found[at * size : (at + 1) * size], true)
        key = {"setting": name, "block": block}
        made += [{**key, "candidate": c, **row, "seconds": seconds, "truth": true} for c, row in rows.items()]
    return pd.DataFrame(made), alone


def sums(draws: Sequence[dict[str, Found] | None], true: float) -> dict[str, dict[str, float]]:
    """Sums over draws by candidate."""
    rows = {candidate: dict.fromkeys(ADDED, 0.0) for candidate in CANDIDATES}
    for found in draws:
        for row in rows.values():
            row["draws"] += 1
            row["failed"] += found is None
        if found is None:
            continue
        half = {c: float(stdtrit(one.df, 0.975)) * one.std_error for c, one in found.items()}
        covered = {c: abs(one.estimate - true) <= half[c] for c, one in found.items()}
        for candidate, one in found.items():
            error, row = one.estimate - true, rows[candidate]
            added = {"covered": covered[candidate], "error": error, "squares": error**2, "width": 2 * half[candidate]}
            added["gained"] = covered[candidate] and not covered[PLAN_MODEL]
            added["lost"] = covered[PLAN_MODEL] and not covered[candidate]
            added |= {"variance": one.std_error**2, "df": one.df, "full": one.full, "boundary": one.boundary}
            added |= {"fell_back": one.fell_back}
            for column, value in added.items():
                row[column] += float(value)
    return rows


def summarise(counts: pd.DataFrame) -> pd.DataFrame:
    """Per setting and candidate: coverage with its Monte Carlo error and verdict, bias, width, paired differences."""
    total = counts.groupby(["setting", "candidate", "truth"], sort=False)[ADDED].sum().reset_index()
    n = total["draws"] - total["failed"]
    p = total["covered"] / n
    error = np.sqrt(np.minimum(p, 1 - 1 / n) * (1 - np.minimum(p, 1 - 1 / n)) / n)
    bias = total["error"] / n
    spread = np.sqrt((total["squares"] - n * bias**2) / (n - 1))
    more, fewer = total["gained"] / n, total["lost"] / n
    out = total[["setting", "candidate", "truth"]].assign(
        draws=total["draws"].astype(int),
        failed=total["failed"].astype(int),
        coverage=100 * p,
        coverage_error=100 * error,
        against_plan=100 * (more - fewer),
        against_plan_error=100 * np.sqrt((more + fewer - (more - fewer) ** 2) / n),
        bias=bias,
        bias_error=spread / np.sqrt(n),
        width=total["width"] / n,
        df=total["df"] / n,
        model_se=np.sqrt(total["variance"] / n),
        empirical_se=spread,
        full_model=100 * total["full"] / n,
        on_boundary=100 * total["boundary"] / n,
        fell_back=100 * total["fell_back"] / n,
        seconds=total["seconds"] / total["draws"],
    )
    plan = out[out["candidate"] == PLAN_MODEL].set_index("setting")["width"]
    out["width_share"] = out["width"] / out["setting"].map(plan)
    out["verdict"] = [verdict(*row) for row in out[["coverage", "coverage_error", "draws"]].to_numpy()]
    return out


def verdict(coverage: float, error: float, draws: float) -> str:
    """Of one coverage against the range: inside, too low, too high; open where the draws do not decide."""
    low, high = COVERAGE
    margin = 0.0 if draws >= ENOUGH else 2 * error
    if low + margin <= coverage <= high - margin:
        return "inside"
    if coverage < low - margin:
        return "too low"
    return "too high" if coverage > high + margin else "open"


def choice(summary: pd.DataFrame) -> list[str]:
    """What the rule says so far."""
    by = summary.pivot(index="candidate", columns="setting", values="verdict").reindex(list(CANDIDATES))
    missing = [name for name in NAMES if name not in by]
    share = summary.groupby("candidate")["width_share"].mean()
    rows = []
    for candidate, verdicts in by.iterrows():
        counted = [int((verdicts == word).sum()) for word in ("inside", "too low", "too high", "open")]
        rows.append([CANDIDATES[str(candidate)], *counted, f"{share[candidate]:.3f}"])
    lines = [
        "**By the rule.** Settings by verdict; the width is the mean share of the plan model's.",
        table(["candidate", "inside", "too low", "too high", "open", "width"], rows),
    ]
    is_open = bool(missing) or by.isna().any(axis=None) or (by == "open").any(axis=None)
    if is_open or int(summary["draws"].min()) < ENOUGH:
        return [*lines, "Nothing is chosen yet: verdicts are open, or draws are missing. The primary model stays."]
    suitable = by.index[(by == "inside").all(axis=1)]
    cautious = by.index[(by != "too low").all(axis=1)]
    among = suitable if len(suitable) else cautious
    if not len(among):
        return [*lines, "No candidate has 94% in every setting: the plan model stays (part 5 of the rule)."]
    chosen = str(share[among].idxmin())
    part = "3" if len(suitable) else "4"
    return [*lines, f"Chosen: {CANDIDATES[chosen]} (part {part} of the rule)."]


def as_markdown(summary: pd.DataFrame) -> str:
    """What the counts rest on, the rule's verdicts, and one table per setting."""
    draws = summary.groupby("setting")["draws"].max()
    state = "complete" if len(draws) == len(NAMES) and draws.min() >= ENOUGH else "partial"
    counted = ", ".join(f"{name} {draws.get(name, 0):,}" for name in NAMES)
    lines = [
        f"Group minus individual format, BDI-II at month 3. The counts are {state}. Draws so far: {counted}. The rule "
        f"asks for {ENOUGH:,} in each setting. Coverage should be "
        f"{COVERAGE[0]:g} to {COVERAGE[1]:g}%; in brackets the Monte Carlo standard error. 'Open' is a verdict that "
        "the draws do not decide. 'Against the plan model' is the difference in coverage on the same draws.",
        *choice(summary),
    ]
    header = ["candidate", "coverage, %", "verdict", "against the plan model", "bias, points", "mean width", "mean df"]
    header += ["SE of the model", "SD of the estimates"]
    for name in NAMES:
        part = summary[summary["setting"] == name]
        if part.empty:
            continue
        rows = [
            [
                CANDIDATES[row.candidate],
                f"{row.coverage:.1f} ({row.coverage_error:.1f})",
                row.verdict,
                "" if row.candidate == PLAN_MODEL else f"{row.against_plan:+.2f} ({row.against_plan_error:.2f})",
                f"{row.bias:+.2f} ({row.bias_error:.2f})",
                f"{row.width:.2f}",
                f"{row.df:.0f}",
                f"{row.model_se:.2f}",
                f"{row.empirical_se:.2f}",
            ]
            for row in part.itertuples()
        ]
        first = part.set_index("candidate").loc[PLAN_MODEL]
        lines += [
            f"**{words(name)}.** {first['draws']:,} draws, {first['failed']} refused; truth {first['truth']:+.2f}.",
            table(header, rows),
            f"The full model of the ladder in {first['full_model']:.0f}% of the draws; cohort variance 0 in "
            f"{first['on_boundary']:.0f}%; the slope could not be fitted in "
            f"{part.set_index('candidate').loc['slope', 'fell_back']:.1f}%. {first['seconds']:.2f} s of processor time "
            "per draw.",
        ]
    return "\n\n".join(lines)


def todo(arguments: argparse.Namespace) -> Iterator[tuple[str, list[int]]]:
    """Blocks of this process that are not counted yet, some at a time, the settings in turn."""
    done = set()
    if COUNTS.exists():
        done = set(pd.read_csv(COUNTS)[["setting", "block"]].itertuples(index=False, name=None))
    part, of = (int(number) for number in arguments.share.split("/"))
    blocks = range(part - 1, -(-arguments.draws // arguments.block), of)
    left = {name: [block for block in blocks if (name, block) not in done] for name in arguments.settings}
    for at in range(0, len(blocks), TOGETHER):
        yield from ((name, some) for name in arguments.settings if (some := left[name][at : at + TOGETHER]))


def append(rows: pd.DataFrame, path: Path) -> None:
    """Add rows in one write, so that two processes do not mix their lines."""
    header = "" if path.exists() else ",".join(rows.columns) + "\n"
    with path.open("a", encoding="utf-8") as file:
        file.write(header + rows.to_csv(header=False, index=False))


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=ENOUGH, help="draws per setting to reach in all")
    parser.add_argument("--block", type=int, default=50, help="draws per block; keep it the same between runs")
    parser.add_argument("--settings", nargs="*", default=NAMES, choices=NAMES, metavar="SETTING", help=", ".join(NAMES))
    parser.add_argument("--share", default="1/1", help="which part of the blocks: 1/2 and 2/2 for two processes")
    parser.add_argument("--minutes", type=float, default=np.inf, help="stop beginning blocks after so many minutes")
    parser.add_argument("--tables", action="store_true", help="only write the tables of the counts so far")
    return parser.parse_args()


def main() -> None:
    arguments = read_arguments()
    warnings.simplefilter("ignore")
    RESULTS.mkdir(exist_ok=True)
    began = time.monotonic()
    if not arguments.tables:
        for name, blocks in todo(arguments):
            if time.monotonic() - began > 60 * arguments.minutes:
                break
            rows, alone = count_blocks(name, blocks, arguments.block)
            append(rows, COUNTS)
            per = 1000 * rows["seconds"].sum() / rows["draws"].sum()
            say(f"{name} {blocks}: {time.monotonic() - began:.0f} s, {per:.0f} ms a draw, {alone} analysed alone")
        if arguments.share != "1/1":
            return
    counts = pd.read_csv(COUNTS)
    counts["setting"] = pd.Categorical(counts["setting"], NAMES)
    counts["candidate"] = pd.Categorical(counts["candidate"], list(CANDIDATES))
    counts = counts.sort_values(KEY, kind="stable").astype({"setting": str, "candidate": str})
    counts.to_csv(COUNTS, index=False)
    summary = summarise(counts)
    content = {"versions": versions(), "rule": __doc__, "settings": summary.to_dict("records")}
    write("primary_analysis_choice", content, as_markdown(summary))


if __name__ == "__main__":
    sys.exit(main())
