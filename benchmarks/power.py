"""Power by formula: against powerlmm, with CPU seconds of both, and against simulated studies.

The first section is powerlmm's own model, a slope by format in three levels: 50 individual patients and 10 cohorts of 5.
The second holds the formula for the primary model to studies that are drawn and analysed, six designs. A run may take one
section; the table keeps the other.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from results_files import HERE, THREADS, r_versions, say, table, versions, write

os.environ.update(THREADS)

import numpy as np
import pandas as pd
from many_fits import planned_study

from kap_analysis.analysis.model.ladder import FULL
from kap_analysis.mixed.model import mixedlm
from kap_analysis.planning import expected_information
from kap_analysis.planning.decision import decide
from kap_analysis.planning.next_study import NextStudy
from kap_analysis.planning.precision import plan_next_study
from kap_analysis.planning.score_covariance import ScoreCovariance
from kap_analysis.planning.unit_sums import precision_of, sums_of_units

BAR = 100
AGREEMENT = 1e-3
SUBJECT = np.array([[6.0**2, -0.2 * 6 * 1.1], [-0.2 * 6 * 1.1, 1.1**2]])
CLUSTER = np.diag([1.5**2, 0.6**2])
RESIDUAL = 4.5**2
SLOPE = np.array([0.0, 0, 0, 1])
FORMULA = "y ~ time*treatment + (1 + time | subject) + (0 + treatment + late | cluster)"
WAYS = (np.diag([1.0, 0.0]), np.array([[0.0, 1.0], [1.0, 0.0]]), np.diag([0.0, 1.0]))
STEP = -4 / 3


def by_units(times: np.ndarray) -> tuple[float, float]:
    """Standard error and df of powerlmm's model, from one patient of each format."""
    z = np.column_stack([np.ones(len(times)), times])
    parts = []
    for size, units, nested in ((1, 50, 0.0), (5, 10, 1.0)):
        rows, same = np.tile(z, (size, 1)), np.kron(np.eye(size), np.ones((len(times),) * 2))
        one = np.eye(len(rows))
        within = [same * (rows @ way @ rows.T) for way in WAYS]
        above = [nested * (rows @ way @ rows.T) for way in WAYS]
        v = same * (rows @ SUBJECT @ rows.T) + nested * (rows @ CLUSTER @ rows.T) + RESIDUAL * one
        parts.append(sums_of_units(np.hstack([rows, nested * rows]), v, np.array([*within, *above, one]), units))
    return precision_of(parts[0] + parts[1], SLOPE, "satterthwaite")[:2]


def planned_rows(times: np.ndarray) -> pd.DataFrame:
    """The same study as rows."""
    subject = np.repeat(np.arange(100), len(times))
    frame = pd.DataFrame({"subject": subject, "time": np.tile(times, 100), "treatment": (subject >= 50).astype(float)})
    frame["cluster"] = np.where(frame["subject"] < 50, 0, 1 + (frame["subject"] - 50) // 5)
    return frame.assign(late=frame["treatment"] * frame["time"], y=np.arange(len(frame)) % 7.0)


def by_rows(frame: pd.DataFrame) -> tuple[float, float]:
    """Standard error and df of powerlmm's model by `MixedModel.expected`, the model built anew."""
    model = mixedlm(FORMULA, frame)
    values = [*SUBJECT[np.tril_indices(2)], *CLUSTER[np.tril_indices(2)], RESIDUAL]
    found = model.expected(dict(zip(model.parameters.names, values, strict=True)), SLOPE, "satterthwaite").iloc[0]
    return float(found["std_error"]), float(found["df"])


def cpu_seconds(work: Callable[[], object], repeats: int) -> float:
    work()
    began = time.process_time()
    for _ in range(repeats):
        work()
    return (time.process_time() - began) / repeats


def run_analytic(repeats: int) -> dict[str, object]:
    """Numbers and CPU seconds of ours and, where it can be had, of powerlmm; ours before it and after it."""
    study = replace(planned_study(), difference=STEP)
    plans = {n: np.linspace(0, 3, n) for n in (4, 11)}
    frames = {n: planned_rows(times) for n, times in plans.items()}

    def ours() -> list[dict[str, float]]:
        return [
            {
                "times": n,
                "units": cpu_seconds(lambda: decide(study, *by_units(times)), repeats),
                "rows": cpu_seconds(lambda: decide(study, *by_rows(frames[n])), max(repeats // 10, 1)),
            }
            for n, times in plans.items()
        ]

    def primary() -> None:
        expected_information._unit_sums.cache_clear()
        found = expected_information.expect(study, FULL)
        decide(study, found.std_error, found.df)

    before = ours()
    command = ["Rscript", str(HERE / "power_peers.R"), str(max(repeats // 20, 3))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        say(f"powerlmm gave no times: {done.stderr.strip()[-300:]}")
    peers = json.loads(done.stdout) if done.returncode == 0 else []
    rows = []
    for one, again in zip(before, ours(), strict=True):
        times = plans[int(one["times"])]
        std_error, df = by_units(times)
        row = {"times": int(one["times"]), "std_error": std_error, "df": df, "power": decide(study, std_error, df).power}
        row |= {name: (one[name] + again[name]) / 2 for name in ("units", "rows")}
        row["peer"] = next((peer for peer in peers if peer["times"] == row["times"]), None)
        rows.append(row)
    return {"rows": rows, "primary": cpu_seconds(primary, max(repeats // 10, 1))}


def six_designs() -> dict[str, NextStudy]:
    """Designs that have the full model: sizes, cohorts, covariances, loss and claims differ."""
    usual = planned_study()
    days, visits = (30.0, 61.0, 91.0), usual.visits
    sloped = ScoreCovariance.from_random_slope(days, intercept_sd=8.5, slope_sd=1.2, correlation=-0.2, residual_sd=4.5)
    whole = replace(usual, lost={})
    return {
        "34 cohorts, 116 individual patients, a third lost": usual,
        "the same, ICC .12": replace(usual, icc=0.12),
        "nobody lost, random slope": replace(whole, scores=sloped, difference=3.5),
        "16 cohorts of 5, SD 1; 60 individual": replace(
            whole, cohorts=16, cohort_size=5, cohort_size_sd=1, individual=60, difference=4.0
        ),
        "non-inferiority, margin 4": replace(usual, claim="non-inferiority", margin=4.0, difference=0.0),
        "12 cohorts of 4, 40 individual": replace(whole, cohorts=12, cohort_size=4, individual=40, difference=5.0),
    }


def run_simulated(n_draws: int) -> list[dict[str, object]]:
    """Formula and simulated studies of each design."""
    rows = []
    for at, (name, study) in enumerate(six_designs().items()):
        found = plan_next_study(
            study, iccs=(), vary={"cohorts": [study.cohorts]}, target_power=None, n_draws=n_draws, seed=100 + at
        ).precision.set_index("method")
        known, drawn = found.loc["formula"], found.loc["simulated"]
        row = {"design": name, "n_draws": int(drawn["n_draws"]), "rung": known["rung"]}
        for measure, error in (("power", "power_mc_error"), ("type_1_error", "type_1_mc_error"), ("width", "width_mc_error")):
            row[measure] = {name: float(value) for name, value in
                            (("formula", known[measure]), ("simulated", drawn[measure]), ("mc_error", drawn[error]))}  # fmt: skip
        rows.append(row)
        say(f"{name}: {row}")
    return rows


def analytic_markdown(found: dict[str, object]) -> str:
    rows = []
    for row in found["rows"]:
        peer = row["peer"]
        apart = "" if peer is None else f"{max(abs(row[k] / peer[k] - 1) for k in ('std_error', 'df', 'power')):.0e}"
        for way, key in (("sums over units", "units"), ("`MixedModel.expected`, the model built anew", "rows")):
            ratio = None if peer is None else peer["seconds"] / row[key]
            rows.append(
                [row["times"], way, f"{1e3 * row[key]:.2f}", "absent" if peer is None else f"{1e3 * peer['seconds']:.0f}",
                 "" if ratio is None else f"{ratio:.0f}", apart,
                 "" if key == "rows" else f"{BAR} times, {AGREEMENT:g}",
                 "" if key == "rows" or ratio is None else "yes" if ratio >= BAR and float(apart) <= AGREEMENT else "no"]
            )  # fmt: skip
    header = ["times", "ours", "ours, ms", "powerlmm, ms", "times faster", "largest relative difference", "required", "met"]
    return (
        "Analytic power of powerlmm's own model: three levels, slope by format, 100 patients (50 individual, 10 cohorts of "
        "5), df by Satterthwaite; standard error, df and power are compared. CPU time, one thread.\n\n"
        + table(header, rows)
        + f"\n\nThe primary model of `kap power` (235 patients, three visits, a third lost, Kenward-Roger): "
        f"{1e3 * found['primary']:.0f} ms by formula."
    )


def simulated_markdown(found: list[dict[str, object]]) -> str:
    def of(one: dict[str, float], scale: float, digits: int) -> list[str]:
        apart = (one["simulated"] - one["formula"]) / one["mc_error"]
        return [f"{scale * one['formula']:.{digits}f}",
                f"{scale * one['simulated']:.{digits}f} ({scale * one['mc_error']:.{digits}f})", f"{apart:+.1f}"]  # fmt: skip

    rows = [
        [row["design"], *of(row["power"], 100, 1), *of(row["type_1_error"], 100, 2), *of(row["width"], 1, 3)] for row in found
    ]
    header = ["design", "power, %: formula", "simulated", "apart, MC errors", "type I error, %: formula", "simulated",
              "apart, MC errors", "width, points: formula", "simulated", "apart, MC errors"]  # fmt: skip
    far = [row for row in found if abs(row["power"]["simulated"] - row["power"]["formula"]) > 3 * row["power"]["mc_error"]]
    verdict = (
        "The power of every design is within three Monte Carlo errors of the formula."
        if not far
        else "Beyond three Monte Carlo errors in power: " + "; ".join(row["design"] for row in far) + "."
    )
    n = ", ".join(dict.fromkeys(f"{row['n_draws']:,}" for row in found))
    return f"Power by formula and by {n} studies drawn and analysed; in brackets the Monte Carlo error.\n\n{table(header, rows)}\n\n{verdict}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", default=["analytic", "simulated"], help="analytic, simulated")
    parser.add_argument("--repeats", type=int, default=200, help="of our formula; the others do fewer")
    parser.add_argument("--draws", type=int, default=10_000, help="studies of each design")
    arguments = parser.parse_args()
    new: dict[str, object] = {}
    if "analytic" in arguments.sections:
        new["analytic"] = run_analytic(arguments.repeats)
    if "simulated" in arguments.sections:
        new["simulated"] = run_simulated(arguments.draws)
    file = HERE / "results" / "power.json"
    found = (json.loads(file.read_text(encoding="utf-8"))["sections"] if file.exists() else {}) | new
    parts = [make(found[name]) for name, make in (("analytic", analytic_markdown), ("simulated", simulated_markdown)) if name in found]
    peers = r_versions(("powerlmm", "lme4", "Matrix"))
    write("power", {"versions": versions(), "peers": peers, "sections": found}, "\n\n".join(parts))


if __name__ == "__main__":
    sys.exit(main())
