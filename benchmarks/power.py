"""Power by formula: against powerlmm, with CPU seconds of both, and against simulated studies.

The first section is powerlmm's own model, a slope by format in three levels: 50 individual patients, 10 cohorts of 5.
The second holds the formula for the primary model to studies that are drawn and analysed, six designs, and the third
takes their widths apart. A run may take one section; the page keeps the others.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from results_files import HERE, THREADS, r_versions, say, versions, write

os.environ.update(THREADS)

import numpy as np
import pandas as pd
from many_fits import planned_study
from power_tables import REPORTS
from scipy.special import stdtrit

from kap_analysis.analysis.model.ladder import FULL
from kap_analysis.mixed.coefficients.fixed_effects import Inference
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.results import MixedResults
from kap_analysis.planning import expected_information
from kap_analysis.planning.decision import decide
from kap_analysis.planning.drawn_study import draw_study
from kap_analysis.planning.next_study import NextStudy
from kap_analysis.planning.precision import plan_next_study
from kap_analysis.planning.score_covariance import ScoreCovariance
from kap_analysis.planning.unit_sums import precision_of, sums_of_units

SUBJECT = np.array([[6.0**2, -0.2 * 6 * 1.1], [-0.2 * 6 * 1.1, 1.1**2]])
CLUSTER = np.diag([1.5**2, 0.6**2])
RESIDUAL = 4.5**2
SLOPE = np.array([0.0, 0, 0, 1])
FORMULA = "y ~ time*treatment + (1 + time | subject) + (0 + treatment + late | cluster)"
WAYS = (np.diag([1.0, 0.0]), np.array([[0.0, 1.0], [1.0, 0.0]]), np.diag([0.0, 1.0]))
STEP = -4 / 3
PRIMARY = "score ~ visit*(format + baseline) + (0 + is_group | cohort_id) + us(visit | format/patient_id)"


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

    def ours(n: int) -> dict[str, float]:
        times, frame = plans[n], frames[n]
        return {
            "units": cpu_seconds(lambda: decide(study, *by_units(times)), repeats),
            "rows": cpu_seconds(lambda: decide(study, *by_rows(frame)), max(repeats // 10, 1)),
        }

    def primary() -> None:
        expected_information._unit_sums.cache_clear()
        found = expected_information.expect(study, FULL)
        decide(study, found.std_error, found.df)

    before = {n: ours(n) for n in plans}
    command = ["Rscript", str(HERE / "power_peers.R"), str(max(repeats // 20, 3))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        say(f"powerlmm gave no times: {done.stderr.strip()[-300:]}")
    peers = json.loads(done.stdout) if done.returncode == 0 else []
    rows = []
    for n, times in plans.items():
        again, (std_error, df) = ours(n), by_units(times)
        row = {"times": n, "std_error": std_error, "df": df, "power": decide(study, std_error, df).power}
        row |= {name: (before[n][name] + again[name]) / 2 for name in again}
        row["peer"] = next((peer for peer in peers if peer["times"] == n), None)
        rows.append(row)
    return {"rows": rows, "primary": cpu_seconds(primary, max(repeats // 10, 1))}


def six_designs() -> dict[str, NextStudy]:
    """Designs that have the full model: sizes, cohorts, covariances, loss and claims differ."""
    usual = planned_study()
    sloped = ScoreCovariance.from_random_slope(
        usual.days, intercept_sd=8.5, slope_sd=1.2, correlation=-0.2, residual_sd=4.5
    )
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
        for measure in ("power", "type_1_error", "width"):
            error = f"{measure.removesuffix('_error')}_mc_error"
            values = {"formula": known[measure], "simulated": drawn[measure], "mc_error": drawn[error]}
            row[measure] = {way: float(value) for way, value in values.items()}
        rows.append(row)
        say(f"{name}: {row}")
    return rows


def run_widths(n_draws: int) -> list[dict[str, object]]:
    """Where the widths of formula and simulation part: steps from the one to the other, on the same drawn studies."""
    rows = []
    for name, study in six_designs().items():
        below, found = np.tril_indices(len(study.visits)), []
        assumed = [study.between_cohorts, *study.scores.given_baseline[below], *study.within_cohorts[below]]
        for at in range(n_draws):
            model = mixedlm(PRIMARY, draw_study(study, [200, at]).model_frame.frame)
            at_visit = ("format[T.group]", f"visit[T.{study.visit}]:format[T.group]")
            row = [[float(one in at_visit) for one in model.design.fixed.names]]
            here = model.expected(dict(zip(model.parameters.names, assumed, strict=True)), row).iloc[0]
            fit = model.fit()
            free = _without_bound(fit) if fit.singular else fit
            widths = [_width(study, one.inference(row)) for one in (free, fit)]
            found.append([decide(study, here["std_error"], here["df"]).width, *widths, float(fit.singular)])
        known = expected_information.expect(study, FULL)
        drawn, free, bounded, singular = np.mean(found, axis=0).tolist()
        rows.append(
            {"design": name, "n_draws": n_draws, "formula": decide(study, known.std_error, known.df).width,
             "drawn": drawn, "free": free, "bounded": bounded, "singular": singular,
             "bound_error": float(np.std(np.diff(np.array(found)[:, 1:3])) / np.sqrt(n_draws))}
        )  # fmt: skip
        say(f"{name}: {rows[-1]}")
    return rows


def _without_bound(fit: MixedResults) -> MixedResults:
    """The fit with variances of either sign; the fit itself where the likelihood has no maximum then."""
    try:
        return fit.model.fit(bounded=False, start=fit.theta)
    except MixedModelError:
        return fit


def _width(study: NextStudy, one: Inference) -> float:
    return float(2 * stdtrit(one.df[0], 1 - study.alpha / 2) * one.std_error[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", default=[*REPORTS], help=", ".join(REPORTS))
    parser.add_argument("--repeats", type=int, default=200, help="of our formula; the others do fewer")
    parser.add_argument("--draws", type=int, default=10_000, help="studies of each design")
    parser.add_argument("--widths", type=int, default=200, help="studies of each design whose widths are taken apart")
    arguments = parser.parse_args()
    new: dict[str, object] = {}
    if "analytic" in arguments.sections:
        new["analytic"] = run_analytic(arguments.repeats)
    if "simulated" in arguments.sections:
        new["simulated"] = run_simulated(arguments.draws)
    if "widths" in arguments.sections:
        new["widths"] = run_widths(arguments.widths)
    file = HERE / "results" / "power.json"
    found = (json.loads(file.read_text(encoding="utf-8"))["sections"] if file.exists() else {}) | new
    parts = [make(found[name]) for name, make in REPORTS.items() if name in found]
    peers = r_versions(("powerlmm", "lme4", "Matrix"))
    write("power", {"versions": versions(), "peers": peers, "sections": found}, "\n\n".join(parts))


if __name__ == "__main__":
    sys.exit(main())
