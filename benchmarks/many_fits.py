"""Many fits at once: power by simulation and the parametric bootstrap as ratios, and against one fit at a time.

CPU seconds of one process and one thread, so that other work on the machine counts little; each peer does a few of the
same fits, between two halves of ours. R fits a random intercept per patient where we fit one covariance of the visits
per format: lmer has no unstructured residual.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from results_files import HERE, THREADS, r_versions, say, table, versions, write

os.environ.update(THREADS)

import numpy as np
import pandas as pd
from patients import after_baseline, draw_patients

from kap_analysis.analysis.model.plan import Ladder
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.many.data_sets import design_of_data_set, read_data_sets
from kap_analysis.mixed.model import MixedModel, mixedlm
from kap_analysis.mixed.results import MixedResults
from kap_analysis.planning.drawn_study import draw_study
from kap_analysis.planning.draws import analyse_draws, analyse_one
from kap_analysis.planning.next_study import NextStudy
from kap_analysis.planning.score_covariance import ScoreCovariance

NESTED = "score ~ month*format + practice + (1 + month | patient) + (0 + is_group | cohort)"
REPEATED = "score ~ visit*(format + baseline) + (0 + is_group | cohort) + us(visit | format/patient)"
TWO_BARS = "score ~ month + baseline + (1 | patient) + (0 + is_group | cohort)"
PATTERNED = "score ~ visit*format + csh(visit | patient)"
BARS = {"lmer + pbkrtest in a loop": 200, "our fits in a loop": 20, "bootMer of lme4": 20}
SEED = 16


def planned_study() -> NextStudy:
    """235 patients: 34 cohorts of 3.5 and 116 individual patients, three visits, a third lost."""
    scores = ScoreCovariance.from_correlations((30, 61, 91), 9.5, visit_correlation=0.75, baseline_correlation=0.5)
    lost = {"individual": (0.1, 0.2, 0.3), "group": (0.15, 0.3, 0.4)}
    visits = ("month 1", "month 2", "month 3")
    return NextStudy(34, 116, scores, (30, 61, 91), visits, "month 3", lost=lost, difference=3.0)


def cpu_seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def r_seconds(study: NextStudy, n: int) -> dict[str, list[float]]:
    """CPU seconds of R; empty where it is missing."""
    if shutil.which("Rscript") is None:
        return {}
    frames = [draw_study(study, [SEED, at]).model_frame.frame.assign(study=at) for at in range(n)]
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder, name)) for name in ("studies.csv", "patients.csv")]
        pd.concat(frames).to_csv(files[0], index=False)
        draw_patients(235).to_csv(files[1], index=False)
        command = ["Rscript", str(HERE / "many_fits_peers.R"), *files, str(n)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        say(f"R gave no times: {done.stderr.strip()[-300:]}")
        return {}
    return json.loads(done.stdout)


def run_times(n: int, few: int) -> dict[str, float]:
    """CPU seconds per study and per refit."""
    study, ladder = planned_study(), Ladder()
    fit = mixedlm(NESTED, draw_patients(235)).fit()
    analyse_draws(study, 10, seed=0, ladder=ladder)
    fit.bootstrap(n_draws=10, seed=0)
    power = cpu_seconds(lambda: analyse_draws(study, n // 2, seed=SEED, ladder=ladder))
    loop = cpu_seconds(
        lambda: [analyse_one(draw_study(study, [SEED, at]).model_frame, study, ladder) for at in range(few)]
    )
    bootstrap = cpu_seconds(lambda: fit.bootstrap(n_draws=n // 2, seed=SEED))
    theirs = r_seconds(study, few)
    power += cpu_seconds(lambda: analyse_draws(study, n - n // 2, seed=SEED + 1, ladder=ladder))
    bootstrap += cpu_seconds(lambda: fit.bootstrap(n_draws=n - n // 2, seed=SEED + 1))
    found = {"power": power / n, "loop": loop / few, "bootstrap": bootstrap / n}
    if theirs:
        found |= {"lmer": float(np.mean(theirs["power"])), "bootMer": float(np.mean(theirs["bootstrap"]))}
    return found


def random_model(rng: np.random.Generator) -> tuple[MixedModel, np.ndarray]:
    """A model of random patients with responses: drawn from it with other variances, a tenth of the rows missing."""
    formula = str(rng.choice([NESTED, REPEATED, TWO_BARS, PATTERNED]))
    frame = draw_patients(int(rng.integers(25, 90)), seed=int(rng.integers(2**31)))
    frame = frame.assign(practice=np.where(frame["patient"] % 2 == 0, "A", "B"))
    made = mixedlm(formula, with_visits(frame) if formula != NESTED else frame)
    return made, made.design.x @ rng.normal(size=(made.design.x.shape[1], 1)) + _noise(made, rng)


def with_visits(frame: pd.DataFrame) -> pd.DataFrame:
    """After baseline, three visits."""
    later = after_baseline(frame)
    return later[later["month"] <= 3]


def _noise(made: MixedModel, rng: np.random.Generator) -> np.ndarray:
    """Responses (n, 20): effects of patients and cohorts, whose size is drawn for each, errors, and missing rows."""
    n, sets = len(made.design.y), 20
    found = 5 * rng.standard_normal((n, sets))
    for name, largest in (("patient", 8.0), ("cohort", 3.0)):
        groups = made.design.frame[name] if name in made.design.frame else pd.Series(np.arange(n))
        codes = pd.factorize(groups)[0]
        sizes = rng.choice([0.0, 0.3, 1.0], sets) * largest
        found += (rng.standard_normal((codes.max() + 1, sets)) * sizes)[codes]
    if rng.random() < 0.5:
        found[rng.random(found.shape) < 0.1] = np.nan
    return found


def run_agreement(n: int) -> dict[str, float]:
    """The largest difference of the criterion, and how often one way refused and the other did not."""
    rng = np.random.default_rng(SEED)
    found = {"data_sets": 0, "criterion": 0.0, "refused": 0, "other_refusal": 0, "alone": 0}
    while found["data_sets"] < n:
        try:
            made, y = random_model(rng)
        except MixedModelError:
            continue  # too small a study for the model, whatever the response
        fits = made.fit_many(y)
        found["alone"] += int(fits.status["alone"].sum())
        for d in range(y.shape[1]):
            _compare(found, made, y[:, d], fits.status.loc[d])
        found["data_sets"] += y.shape[1]
        say(f"agreement: {found}")
    return found


def _compare(found: dict[str, float], made: MixedModel, y: np.ndarray, status: pd.Series) -> None:
    one = alone(made, y)
    if isinstance(one, str):
        found["refused"] += 1
        found["other_refusal"] += int(status["problem"] != one)
    elif pd.notna(status["problem"]):
        found["other_refusal"] += 1
    else:
        found["criterion"] = max(found["criterion"], abs(one.criterion - status["criterion"]))


def alone(made: MixedModel, y: np.ndarray) -> MixedResults | str:
    """The ordinary fit of one data set, or the sentence that refuses it."""
    sets, numbers = read_data_sets(made.design, y, None)
    try:
        return made.on_design(design_of_data_set(made.design, sets, numbers, 0)).fit()
    except MixedModelError as error:
        return str(error)


def verdict(ratio: float, bar: float) -> tuple[str, str, str]:
    return f"{ratio:.1f}", f"at least {bar}", "yes" if ratio >= bar else "no"


def as_markdown(found: dict[str, dict[str, float]]) -> str:
    parts = []
    if "times" in found:
        t = found["times"]
        peers = [
            ("power, a study", "power", "lmer", "lmer + pbkrtest in a loop"),
            ("power, a study", "power", "loop", "our fits in a loop"),
            ("bootstrap, a refit", "bootstrap", "bootMer", "bootMer of lme4"),
        ]
        rows = [
            [work, f"{1e3 * t[own]:.2f}", peer, f"{1e3 * t[key]:.1f}", *verdict(t[key] / t[own], BARS[peer])]
            for work, own, key, peer in peers
            if key in t
        ]
        header = ["work", "ours, ms", "peer", "peer, ms", "times faster", "required", "met"]
        parts.append(table(header, rows))
        parts.append(f"CPU time, one thread: {int(t['n']):,} of ours, {int(t['few'])} of each peer.")
    if "agreement" in found:
        a = found["agreement"]
        parts.append(
            f"Many at once against one by one, {int(a['data_sets']):,} random data sets: the criterion differs by at "
            f"most {a['criterion']:.0e}; {int(a['refused'])} were refused one by one, {int(a['other_refusal'])} had "
            f"another verdict; {int(a['alone'])} were finished by the ordinary fit."
        )
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", default=["times", "agreement"], help="times, agreement")
    parser.add_argument("--draws", type=int, default=1000, help="studies and refits of ours")
    parser.add_argument("--few", type=int, default=10, help="of each peer")
    parser.add_argument("--data-sets", type=int, default=2000)
    arguments = parser.parse_args()
    new: dict[str, dict[str, float]] = {}
    if "times" in arguments.sections:
        new["times"] = {**run_times(arguments.draws, arguments.few), "n": arguments.draws, "few": arguments.few}
    if "agreement" in arguments.sections:
        new["agreement"] = run_agreement(arguments.data_sets)
    file = HERE / "results" / "many_fits.json"
    found = (json.loads(file.read_text())["sections"] if file.exists() else {}) | new
    content = {"versions": versions(), "peers": r_versions(("lme4", "pbkrtest")), "sections": found}
    write("many_fits", content, as_markdown(found))


if __name__ == "__main__":
    sys.exit(main())
