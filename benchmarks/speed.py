"""Time and memory from a DataFrame to coefficients with df and p-values, as ratios to the peers on the same data.

Each work is repeated and its median taken; one thread. Peers that are not installed are left out and said so. Give R's
library of packages in R_LIBS if it is not the usual one. Sections can be run one at a time; the tables keep the others.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from results_files import HERE, RESULTS, THREADS, r_versions, say, table, versions, write

os.environ.update(THREADS)

import pandas as pd
import statsmodels.formula.api as smf
from patients import after_baseline, draw_patients

from kap_analysis.mixed.model import mixedlm

NESTED = "score ~ month*format + practice + (1 + month | patient) + (0 + is_group | cohort)"
REPEATED = "score ~ visit*format + practice + us(visit | patient)"
PRIMARY = "score ~ visit*(format + baseline) + practice + (0 + is_group | cohort) + us(visit | format/patient)"
CROSSED = "y ~ 1 + (1 | s) + (1 | d) + (1 | taught)"
R_PACKAGES = ("lme4", "lmerTest", "pbkrtest", "mmrm")
SECTIONS = ("nested", "large", "repeated", "crossed", "primary", "growth", "memory")
OURS = "ours"


def seconds_of(work: Callable[[], object], repeats: int) -> list[float]:
    """Seconds of each repeat, after one that is not counted."""
    if repeats > 1:
        work()
    found = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return found


def ours(formula: str, frame: pd.DataFrame, ddf: str = "kenward-roger") -> Callable[[], object]:
    return lambda: mixedlm(formula, frame).fit(ddf=ddf).coefficients()


def nearest_mixedlm(frame: pd.DataFrame) -> Callable[[], object]:
    """MixedLM cannot correlate a slope below a cohort: cohort, intercept and slope as uncorrelated components."""
    components = {"patient": "0 + C(patient)", "slope": "0 + C(patient):month"}
    model = "score ~ month*format + practice"

    def work() -> object:
        fit = smf.mixedlm(model, frame, groups="cohort", re_formula="0 + is_group", vc_formula=components).fit()
        return fit.pvalues

    return work


def r_seconds(what: str, frame: pd.DataFrame, repeats: int) -> dict[str, list[float]]:
    """Seconds of R's works on the frame; empty where R or a package is missing."""
    if shutil.which("Rscript") is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "data.csv")
        frame.to_csv(file, index=False)
        command = ["Rscript", str(HERE / "speed_peers.R"), what, str(file), str(repeats)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        say(f"R gave no times for {what}: {done.stderr.strip()[-300:]}")
        return {}
    return json.loads(done.stdout)


def with_visits(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(visit="month " + frame["month"].astype(str))


def run_nested(repeats: int) -> dict[str, list[float]]:
    frame = draw_patients(235)
    found = {OURS: seconds_of(ours(NESTED, frame), repeats)}
    found |= r_seconds("nested", frame, repeats)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found["statsmodels MixedLM, nearest model"] = seconds_of(nearest_mixedlm(frame), max(3, repeats // 3))
    return found


def run_large(repeats: int) -> dict[str, list[float]]:
    frame = draw_patients(100_000)
    return {
        OURS: seconds_of(ours(NESTED, frame, "satterthwaite"), max(3, repeats // 3)),
        **r_seconds("large", frame, 1),
    }


def run_repeated(repeats: int) -> dict[str, list[float]]:
    frame = with_visits(draw_patients(235))
    return {OURS: seconds_of(ours(REPEATED, frame), repeats), **r_seconds("repeated", frame, repeats)}


def run_crossed(repeats: int) -> dict[str, list[float]]:
    """Students, lecturers and departments (by kind of service) of the ratings that come with lme4."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "ratings.csv")
        command = ["Rscript", str(HERE / "speed_peers.R"), "ratings", str(file)]
        if shutil.which("Rscript") is None or subprocess.run(command, check=False).returncode:
            raise SystemExit("The ratings come with R's package lme4: it is needed for the section crossed.")
        frame = pd.read_csv(file, dtype={"s": str, "d": str, "taught": str})
    few = max(3, repeats // 3)
    return {OURS: seconds_of(ours(CROSSED, frame), few), **r_seconds("crossed", frame, few)}


def run_primary(repeats: int) -> dict[str, list[float]]:
    """Our primary model beside our first row, in the same run."""
    frame = draw_patients(235)
    return {
        OURS: seconds_of(ours(PRIMARY, after_baseline(frame)), repeats),
        "ours, first row": seconds_of(ours(NESTED, frame), repeats),
    }


def run_growth(repeats: int) -> dict[str, list[float]]:
    found = {}
    for n in (1_000, 10_000, 100_000, 1_000_000):
        frame = draw_patients(n)
        found[f"{n}"] = seconds_of(ours(NESTED, frame, "satterthwaite"), repeats if n <= 10_000 else 3)
        say(f"growth: {n:,} patients, {statistics.median(found[f'{n}']):.3f} s")
    return found


def run_memory(repeats: int) -> dict[str, float]:
    """Peak above the frame, of the larger of two measures; the number of repeats does not matter."""
    found = {}
    for name, option in (("resident set", []), ("tracemalloc", ["--trace"])):
        command = [sys.executable, str(HERE / "peak_memory.py"), NESTED, *option]
        one = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        found |= {"rows": one["rows"], "frame_bytes": one["frame_bytes"], name: one["peak_above_frame_bytes"]}
    return found


RUNS: dict[str, Callable[[int], dict]] = dict(
    zip(SECTIONS, (run_nested, run_large, run_repeated, run_crossed, run_primary, run_growth, run_memory), strict=True)
)
WORKS = {
    "nested": ("partially nested, correlated slope, Kenward-Roger, 235 patients", {"lmer": 20, "statsmodels": 30}),
    "large": ("the same, 100,000 patients, Satterthwaite", {"lmer": 50}),
    "crossed": ("8,158 ratings, three crossed factors, Kenward-Roger", {"lmer": 1}),
    "repeated": ("MMRM unstructured, Kenward-Roger, 235 patients, 6 visits", {"mmrm": 10}),
}


def peer_rows(section: str, seconds: dict[str, list[float]]) -> list[list[str]]:
    """One row per peer: times, their ratio and the ratio that is required."""
    work, bars = WORKS[section]
    mine = seconds[OURS]
    rows = []
    for peer, theirs in seconds.items():
        if peer == OURS:
            continue
        ratio = statistics.median(theirs) / statistics.median(mine)
        bar = next(bar for name, bar in bars.items() if peer.startswith(name))
        times = f"{statistics.median(mine):.4f}", peer, f"{statistics.median(theirs):.3f}"
        verdict = "yes" if ratio >= bar else "no"
        rows.append([work, *times, f"{ratio:.1f}", f"{min(theirs) / min(mine):.1f}", f"at least {bar}", verdict])
    return rows


def as_markdown(found: dict[str, dict]) -> str:
    """The tables of all sections that were ever run."""
    rows = [row for name in WORKS if name in found for row in peer_rows(name, found[name]["seconds"])]
    header = ["work", "ours, s", "peer", "peer, s", "times faster", "best against best", "required", "met"]
    parts = [table(header, rows)] if rows else []
    if "primary" in found:
        seconds = found["primary"]["seconds"]
        mine, first = statistics.median(seconds[OURS]), statistics.median(seconds["ours, first row"])
        parts.append(
            f"The primary model (cohort term and one unstructured matrix per format) with Kenward-Roger took "
            f"{mine:.4f} s, {mine / first:.1f} times the first row in the same run ({first:.4f} s); required: under 10."
        )
    if "growth" in found:
        times = {int(n): statistics.median(values) for n, values in found["growth"]["seconds"].items()}
        lines = [[f"{n:,}", f"{s:.4f}", f"{1e6 * s / n:.2f}"] for n, s in times.items()]
        parts.append("Growth, Satterthwaite:\n\n" + table(["patients", "s", "microseconds per patient"], lines))
    if "memory" in found:
        m = found["memory"]["seconds"]
        size = m["frame_bytes"]
        parts.append(
            f"Peak memory above the frame at {m['rows']:,} rows, as a multiple of the frame ({size / 1e6:.1f} MB): "
            f"{m['resident set'] / size:.2f} by the resident set, {m['tracemalloc'] / size:.2f} by tracemalloc; "
            "required: the peak under 4 times the frame."
        )
    ran = "; ".join(f"{name} {one['load']}" for name, one in found.items())
    parts.append(f"One thread. Load of the machine (1 minute) when each was run: {ran}.")
    return "\n\n".join(parts)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", default=[], help=f"of {', '.join(SECTIONS)}; all if none is named")
    parser.add_argument("--repeats", type=int, default=15)
    return parser.parse_args()


def main() -> None:
    arguments = read_arguments()
    unknown = set(arguments.sections) - set(SECTIONS)
    if unknown:
        raise SystemExit(f"There is no section {unknown.pop()!r}; there are {', '.join(SECTIONS)}.")
    file = RESULTS / "speed.json"
    before = json.loads(file.read_text())["sections"] if file.exists() else {}
    for section in arguments.sections or SECTIONS:
        load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
        before[section] = {"seconds": RUNS[section](arguments.repeats), "load": load}
        say(f"{section}: done")
    found = {name: before[name] for name in SECTIONS if name in before}
    content = {"versions": versions(), "peers": r_versions(R_PACKAGES), "sections": found}
    write("speed", content, as_markdown(found))


if __name__ == "__main__":
    sys.exit(main())
