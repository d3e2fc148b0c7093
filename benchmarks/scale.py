"""Fits of data in parts: seconds of the processor and peak memory from 10,000 patients on, from Parquet and on Dask.

Each size is a process of its own, with one thread. Memory is that above the process once the package is imported and a
tiny fit is done. On Dask it is the highest of two workers, each above its own begin, and the process that asks.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from results_files import HERE, RESULTS, THREADS, say, table, versions, write

os.environ.update(THREADS)

import numpy as np
from patients import draw_patients
from peak_memory import CLEAR, resident

from kap_analysis.mixed.model import mixedlm

FORMULAS = {
    "visits scheduled: one pass": "score ~ month*format + age + practice + (1 + month | patient)",
    "cohorts above the patients: a pass for each step": (
        "score ~ month*format + age + practice + (1 + month | patient) + (0 + is_group | cohort)"
    ),
}
PER_FILE = 100_000  # patients


def write_patients(folder: Path, n: int) -> Path:
    """Parquet files of at most PER_FILE patients each, ids in order."""
    folder.mkdir(parents=True)
    for at, first in enumerate(range(0, n, PER_FILE)):
        frame = draw_patients(min(PER_FILE, n - first), seed=at)
        frame = frame.assign(patient=frame["patient"] + first, cohort=f"{at:04d}" + frame["cohort"])
        frame.to_parquet(folder / f"part.{at}.parquet", index=False)
    return folder


def fit_files(folder: Path, formula: str, begin: Path) -> dict[str, Any]:
    """One fit of files in this process."""
    mixedlm(formula, begin).fit(ddf="satterthwaite").coefficients()
    if CLEAR.exists():
        CLEAR.write_text("5")
    before, started, clock = resident("VmRSS"), time.process_time(), time.perf_counter()
    fit = mixedlm(formula, folder).fit(ddf="satterthwaite")
    df = fit.coefficients()["df"]
    return {
        "rows": fit.nobs,
        "evaluations": fit.n_evaluations,
        "cpu_seconds": time.process_time() - started,
        "seconds": time.perf_counter() - clock,
        "peak_bytes": resident("VmHWM") - before,
        "lowest_df": float(df.min()),
    }


def fit_dask(folder: Path, formula: str, begin: Path) -> dict[str, Any]:
    """One fit on a cluster of two processes."""
    import dask.dataframe as dd
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, memory_limit="4GiB") as cluster,
        Client(cluster) as client,
    ):
        mixedlm(formula, dd.read_parquet(begin)).fit(ddf="satterthwaite").coefficients()
        client.run(_clear)
        _clear()
        before, workers = resident("VmRSS"), client.run(_now)
        clock = time.perf_counter()
        fit = mixedlm(formula, dd.read_parquet(folder)).fit(ddf="satterthwaite")
        seconds, after = time.perf_counter() - clock, client.run(_now)
        return {
            "rows": fit.nobs,
            "evaluations": fit.n_evaluations,
            "cpu_seconds": sum(after[name][0] - workers[name][0] for name in after),
            "seconds": seconds,
            "worker_peak_bytes": max(after[name][2] - workers[name][1] for name in after),
            "peak_bytes": resident("VmHWM") - before,
            "lowest_df": float(fit.coefficients()["df"].min()),
        }


def _clear() -> None:
    if CLEAR.exists():
        CLEAR.write_text("5")


def _now() -> tuple[float, int, int]:
    return time.process_time(), resident("VmRSS"), resident("VmHWM")


def measured(way: str, folder: Path, formula: str, begin: Path) -> dict[str, Any]:
    """One fit in a process of its own."""
    command = [sys.executable, __file__, "--one", way, formula, str(folder), str(begin)]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    say(f"{folder.name} patients, {way}: {found}")
    return found


def highest(row: dict[str, Any]) -> float:
    """The peak of the process that holds rows, in MiB."""
    return float(row.get("worker_peak_bytes", row["peak_bytes"]) / 2**20)


def report(rows: list[dict[str, Any]]) -> str:
    """The table, and how time grows."""
    lines, said = [], []
    for row in rows:
        lines.append(
            [
                row["way"],
                row["model"],
                f"{row['patients']:,}",
                f"{row['rows']:,}",
                row["evaluations"],
                f"{row['cpu_seconds']:.1f}",
                f"{1e6 * row['cpu_seconds'] / row['rows']:.1f}",
                f"{row['peak_bytes'] / 2**20:,.0f}",
                f"{row['worker_peak_bytes'] / 2**20:,.0f}" if "worker_peak_bytes" in row else "",
            ]
        )
    head = [
        "rows lie in", "model", "patients", "rows", "evaluations", "CPU, seconds", "CPU, microseconds per row",
        "peak, MiB", "peak of a worker, MiB",
    ]  # fmt: skip
    for way, model in dict.fromkeys((row["way"], row["model"]) for row in rows):
        own = [row for row in rows if (row["way"], row["model"]) == (way, model)]
        if len(own) > 1:
            n, seconds = (np.log([row[name] for row in own]) for name in ("rows", "cpu_seconds"))
            said.append(
                f"{way}, {model}: from {own[0]['patients']:,} to {own[-1]['patients']:,} patients the CPU time grows "
                f"as the rows to the power {np.polyfit(n, seconds, 1)[0]:.2f}, and the peak from "
                f"{highest(own[0]):,.0f} to {highest(own[-1]):,.0f} MiB."
            )
    return "\n\n".join([table(head, lines), *said])


def add(key: dict[str, Any], found: dict[str, Any]) -> None:
    """Put what was measured into the table that is there: a call may measure some sizes only."""
    path = RESULTS / "scale.json"
    before = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []
    rows = [row for row in before if {name: row[name] for name in key} != key] + [{**key, **found}]
    rows.sort(key=lambda row: (row["way"] != "Parquet", [*FORMULAS].index(row["model"]), row["patients"]))
    write("scale", {"versions": versions(), "rows": rows}, report(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--cohorts", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--dask", type=int, nargs="*", default=[200_000, 2_000_000])
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        way, formula, folder, begin = arguments.one
        print(json.dumps((fit_dask if way == "dask" else fit_files)(Path(folder), formula, Path(begin))))
        return
    one_pass, passes = FORMULAS
    asked = [("files", "Parquet", n, one_pass) for n in arguments.patients]
    asked += [("files", "Parquet", n, passes) for n in arguments.cohorts]
    asked += [("dask", "Dask, two workers", n, one_pass) for n in arguments.dask]
    with tempfile.TemporaryDirectory() as name:
        begin = write_patients(Path(name) / "begin", 300)
        folders = {n: write_patients(Path(name) / str(n), n) for n in dict.fromkeys(n for _, _, n, _ in asked)}
        for way, title, n, model in asked:
            found = measured(way, folders[n], FORMULAS[model], begin)
            add({"way": title, "model": model, "patients": n}, found)


if __name__ == "__main__":
    main()
